/** `POST /v1/chat/completions`. */
import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { RequestRecord } from '../../database/requestRecord.ts';
import type { Generation } from '../../generation/generation.ts';
import type { Generator } from '../../generation/generator.ts';
import type { Model } from '../../models/model.ts';
import { ApiError, toApiError } from '../apiError.ts';
import {
  chatChunk,
  chatCompletion,
  logprobsBody,
  usageChunk,
  type ChatAnswerBase,
  type LogprobsBody,
} from './chatAnswer.ts';
import { readChatBody, type ChatBody } from './chatBody.ts';
import { eventStream } from './eventStream.ts';
import { toChatRequest } from './toChatRequest.ts';

export interface ChatComponents {
  generator: Generator;
  model: Model;
  logger: Logger;
}

/** Answers a chat request, as a stream or as a whole. */
export async function answerChat(c: Context, components: ChatComponents): Promise<Response> {
  const started = performance.now();
  const { generator, model } = components;
  const body = readChatBody(await readJson(c));
  if (body.model !== model.package.id) throw unknownModel(body.model, model.package.id);
  // Ends the generation when the client goes away, whatever it was waiting for.
  const controller = new AbortController();
  const onGone = (): void => controller.abort();
  c.req.raw.signal.addEventListener('abort', onGone, { once: true });
  if (c.req.raw.signal.aborted) onGone();
  const generation = generator.start(toChatRequest(body, model.package.vocabularySize), controller.signal);
  const base: ChatAnswerBase = {
    id: `chatcmpl-${generation.id}`,
    created: Math.floor(generation.createdAt / 1000),
    model: model.package.id,
  };
  const headers = {
    'x-request-id': generation.id,
    'x-potluck-route': generation.route,
    'server-timing': `accept;dur=${(performance.now() - started).toFixed(1)}`,
  };
  return body.stream
    ? streamAnswer(components, generation, base, body, controller, headers)
    : wholeAnswer(components, generation, base, body, controller, headers);
}

/** What a client hears who asks for a model that is not here. */
export function unknownModel(asked: string, served: string): ApiError {
  return new ApiError(404, `The model '${asked}' does not exist here; '${served}' does.`, {
    code: 'model_not_found',
    param: 'model',
  });
}

async function readJson(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch (cause) {
    throw new ApiError(400, 'The body is no valid JSON.', { cause });
  }
}

async function wholeAnswer(
  { model }: ChatComponents,
  generation: Generation,
  base: ChatAnswerBase,
  body: ChatBody,
  controller: AbortController,
  headers: Record<string, string>,
): Promise<Response> {
  let text = '';
  const logprobs: LogprobsBody | null = body.logprobs ? { content: [], refusal: null } : null;
  for await (const event of generation.events(controller.signal)) {
    if (event.type === 'piece') {
      text += event.text;
      logprobs?.content.push(...logprobsBody(event.logprobs, model.tokenizer.tokenBytes).content);
      continue;
    }
    const answer = { text, logprobs, finishReason: event.reason, usage: event.usage };
    const { recorded } = generation;
    // Leaving the loop closes the session; the stages then say where the time went.
    return recordedResponse(chatCompletion(base, answer), recorded, headers);
  }
  throw new Error('a generation ended without its finish event');
}

/** Does not wait here: the iteration must end first. */
function recordedResponse(
  answer: Record<string, unknown>,
  recorded: Promise<RequestRecord>,
  headers: Record<string, string>,
): Promise<Response> {
  return recorded.then((record) =>
    Response.json(answer, { headers: { ...headers, 'server-timing': serverTiming(record) } }),
  );
}

function streamAnswer(
  { model, logger }: ChatComponents,
  generation: Generation,
  base: ChatAnswerBase,
  body: ChatBody,
  controller: AbortController,
  headers: Record<string, string>,
): Response {
  const withUsage = body.stream_options?.include_usage === true;
  const usage = withUsage ? { usage: null } : {};
  const produce = async (send: (data: string) => void): Promise<void> => {
    try {
      send(JSON.stringify(chatChunk(base, { delta: { role: 'assistant', content: '' }, ...usage })));
      for await (const event of generation.events(controller.signal)) {
        if (event.type === 'piece') {
          const logprobs = body.logprobs ? logprobsBody(event.logprobs, model.tokenizer.tokenBytes) : null;
          send(JSON.stringify(chatChunk(base, { delta: { content: event.text }, logprobs, ...usage })));
          continue;
        }
        send(JSON.stringify(chatChunk(base, { delta: {}, finishReason: event.reason, ...usage })));
        if (withUsage) send(JSON.stringify(usageChunk(base, event.usage)));
        send('[DONE]');
      }
    } catch (error) {
      const apiError = toApiError(error);
      if (apiError.code === 'internal_error')
        logger.error({ error, request: generation.id }, 'stream failed');
      send(JSON.stringify(apiError.body));
    }
  };
  return eventStream(produce, { headers, onCancel: () => controller.abort() });
}

/** Where the time went, for a browser's developer tools. */
function serverTiming({ queueMs, firstTokenMs, totalMs, stages }: RequestRecord): string {
  const entry = (name: string, milliseconds: number | null, description?: string): string[] =>
    milliseconds === null
      ? []
      : [
          `${name}${description === undefined ? '' : `;desc="${description}"`};dur=${milliseconds.toFixed(1)}`,
        ];
  return [
    ...entry('queue', queueMs),
    ...entry('first-token', firstTokenMs),
    ...stages.flatMap(({ firstLayer, lastLayer, timings }, index) =>
      entry(`stage-${index}`, timings?.computeMs ?? null, `layers ${firstLayer} to ${lastLayer}`),
    ),
    ...entry('total', totalMs),
  ].join(', ');
}
