/** `POST /v1/messages` and `POST /v1/messages/count_tokens`. */
import type Anthropic from '@anthropic-ai/sdk';
import type { Context } from 'hono';
import { ApiError } from '../apiError.ts';
import { settingsOf } from '../inference/generationFields.ts';
import { encodingFor } from '../inference/encodingFor.ts';
import { infer } from '../inference/infer.ts';
import type { EncodingComponents, InferenceComponents } from '../inference/inference.ts';
import { renamed } from '../inference/namingParam.ts';
import { readJson } from '../inference/readJson.ts';
import { startChat } from '../inference/startChat.ts';
import { callableTools, toolChoiceOf } from '../inference/tools.ts';
import { jsonSchemaGrammar } from '../inference/wantedGrammar.ts';
import { readCountBody, readMessagesBody, type MessagesBody } from './messagesBody.ts';
import { messagesOf, renderOptionsOf } from './messagesConversation.ts';
import { sendMessage } from './sendMessage.ts';

/** Answers a conversation, as a stream or as a whole. */
export async function answerMessages(c: Context, components: InferenceComponents): Promise<Response> {
  const body = readMessagesBody(await readJson(c));
  const format = body.output_config?.format;
  return infer(c, components, { model: body.model, promptParam: 'messages' }, async (inference) => {
    const { model } = inference;
    const { stop_sequences: stop, ...fields } = body;
    const chat = await startChat(inference, {
      messages: messagesOf(body),
      render: renderOptionsOf(body),
      tools: callableTools(body.toolFields, model),
      toolChoice: toolChoiceOf(body.toolFields),
      wanted: format ? jsonSchemaGrammar(format.schema, 'output_config.format.schema') : undefined,
      settings: {
        ...settingsOf(
          { ...fields, ...(stop ? { stop } : {}) },
          { vocabularySize: model.package.vocabularySize, topLogprobs: undefined },
        ),
        // It has to be there, so it says how long an answer may be and not how long one is wanted.
        mayBeShorter: true,
      },
      partsReasoning: true,
      parallelCalls: parallelCallsOf(body),
    }).catch((error: unknown) => {
      throw namedHere(error);
    });
    const [generation] = chat.generations;
    return sendMessage({
      ...{ logger: components.logger, inference, generation },
      events: chat.read(generation),
      maxTokens: body.max_tokens,
      stream: body.stream,
      showsThinking: body.thinking?.display !== 'omitted',
    });
  });
}

/** Says how long a prompt is; no devices are needed for that. */
export async function countTokens(c: Context, components: EncodingComponents): Promise<Response> {
  const body = readCountBody(await readJson(c));
  const { model, promptOf } = await encodingFor(c, components, body.model);
  const tools = callableTools(body.toolFields, model);
  const prompt = await promptOf(messagesOf(body), { ...renderOptionsOf(body), tools });
  return c.json({ input_tokens: prompt.length } satisfies Anthropic.MessageTokensCount);
}

/** An error about a tool's schema, under the name that this API has for it. */
function namedHere(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  const [path] = /^tools\[\d+\]\.function\.parameters/.exec(error.param ?? '') ?? [];
  if (path === undefined) return error;
  return renamed(error, path, path.replace('function.parameters', 'input_schema'));
}

function parallelCallsOf({ tool_choice: choice }: MessagesBody): boolean | undefined {
  const { disable_parallel_tool_use: disabled } = (choice ?? {}) as { disable_parallel_tool_use?: unknown };
  return typeof disabled === 'boolean' ? !disabled : undefined;
}
