/** `POST /v1/chat/completions`. */
import type { Context } from 'hono';
import { conversationHeaders } from '@potluck/api';
import { outputEvents } from '../../generation/output/outputEvents.ts';
import type { Model } from '../../models/model.ts';
import { marksOf } from '../../models/responseFormat.ts';
import { ApiError } from '../apiError.ts';
import { placeOf } from '../inference/answerPlace.ts';
import { choicesOf, settingsOf } from '../inference/generationFields.ts';
import { infer, type InferenceComponents } from '../inference/inference.ts';
import { readJson } from '../inference/readJson.ts';
import { callableTools } from '../inference/tools.ts';
import { answerBase } from './answerShapes.ts';
import { readChatBody } from './chatBody.ts';
import { sendChat } from './sendChat.ts';
import { messagesOf, renderOptionsOf } from './chatConversation.ts';

/** Answers a chat request, as a stream or as a whole. */
export async function answerChat(c: Context, components: InferenceComponents): Promise<Response> {
  const { conversations, logger } = components;
  const body = readChatBody(await readJson(c));
  const place = await placeOf(c, conversations);
  if (place && body.n > 1) {
    throw new ApiError(400, 'A conversation keeps one answer, not several.', { param: 'n' });
  }
  return infer(
    c,
    components,
    { model: body.model, promptParam: 'messages', outlivesReader: place !== undefined },
    async (inference) => {
      const { model, controller } = inference;
      const messages = messagesOf(body);
      const settings = settingsOf(body, {
        vocabularySize: model.package.vocabularySize,
        topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
        moreLimits: [body.max_completion_tokens],
      });
      const tools = callableTools(body, model);
      const prompt = await inference.promptOf(messages, {
        ...renderOptionsOf(body),
        ...(tools ? { tools } : {}),
      });
      const format = model.tokenizer.responseFormat;
      // The app keeps answers as the model writes them.
      const partsReasoning = (body.reasoning_format ?? (place ? 'none' : 'auto')) !== 'none';
      const shownMarks = tools || partsReasoning ? marksOf(format) : undefined;
      const words = messages.map(({ role, content }) => ({ role, content }));
      const generations = await inference.start(
        choicesOf({ ...settings, ...(shownMarks ? { shownMarks } : {}), prompt, words }, body.n),
      );
      const [generation] = generations;
      const kept = place && (await conversations.begin(place, generation.id, generation.model));
      const events = generations.map((one) => one.events(controller.signal));
      const promptEnd = endOf(prompt, model);
      return sendChat({
        logger,
        inference,
        generations,
        events: events.map((one, index) =>
          outputEvents(kept ? kept.keep(one) : one, {
            format,
            readsCalls: tools !== undefined,
            partsReasoning,
            promptEnd,
            tokenCount: () => generations[index]?.usage.completionTokens ?? 0,
            ...(body.parallel_tool_calls === false ? { mostCalls: 1 } : {}),
          }),
        ),
        base: answerBase('chatcmpl', generation, model),
        body,
        headers: {
          ...inference.headers(generation),
          ...(kept ? { [conversationHeaders.message]: kept.messageId } : {}),
        },
      });
    },
  );
}

/** Tokens at the end of a prompt in which a mark may stand. */
const endTokens = 16;

/** The end of a prompt as text, marks included. */
function endOf(prompt: number[], { tokenizer }: Model): string {
  return prompt
    .slice(-endTokens)
    .map((token) => tokenizer.specialText(token) ?? tokenizer.decode([token]))
    .join('');
}
