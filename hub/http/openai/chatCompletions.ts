/** `POST /v1/chat/completions`. */
import type { Context } from 'hono';
import { conversationHeaders } from '@potluck/api';
import { likelyTokens } from '@potluck/api/likely-tokens';
import type { ReadLogprobs } from '../../conversations/conversationKeeper.ts';
import { ApiError } from '../apiError.ts';
import { placeOf } from '../inference/answerPlace.ts';
import { settingsOf } from '../inference/generationFields.ts';
import { infer } from '../inference/infer.ts';
import type { InferenceComponents } from '../inference/inference.ts';
import { readJson } from '../inference/readJson.ts';
import { startChat } from '../inference/startChat.ts';
import { callableTools, toolChoiceOf } from '../inference/tools.ts';
import { wantedGrammar } from '../inference/wantedGrammar.ts';
import { answerBase } from './answerShapes.ts';
import { readChatBody } from './chatBody.ts';
import { logprobsBody } from './chatShapes.ts';
import { Reports } from './reports.ts';
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
      const { model } = inference;
      const chat = await startChat(inference, {
        messages: messagesOf(body),
        render: renderOptionsOf(body),
        tools: callableTools(body, model),
        toolChoice: toolChoiceOf(body),
        toolInputs: body.toolInputs,
        wanted: wantedGrammar(body),
        settings: settingsOf(body, {
          vocabularySize: model.package.vocabularySize,
          topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
          moreLimits: [body.max_completion_tokens],
        }),
        partsReasoning: (body.reasoning_format ?? 'auto') !== 'none',
        choices: body.n,
        parallelCalls: body.usesFunctions ? false : body.parallel_tool_calls,
      });
      const { generations } = chat;
      const [generation] = generations;
      const { tokenBytes } = model.tokenizer;
      const readLogprobs: ReadLogprobs | undefined = body.logprobs
        ? (logprobs) => likelyTokens(logprobsBody(logprobs, tokenBytes).content)
        : undefined;
      const kept = place && (await conversations.begin(place, generation.id, generation.model, readLogprobs));
      return sendChat({
        logger,
        inference,
        generations,
        events: generations.map((one) => (kept ? kept.keep(chat.read(one)) : chat.read(one))),
        base: answerBase('chatcmpl', generation, model),
        body,
        reports: new Reports({
          fields: body,
          generations,
          prompts: [chat.prompt],
          promptsIn: 'answer',
        }),
        headers: {
          ...inference.headers(generation),
          ...(kept ? { [conversationHeaders.message]: kept.messageId } : {}),
        },
      });
    },
  );
}
