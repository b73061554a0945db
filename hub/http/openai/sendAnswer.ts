/** Sends an answer to its client, as a stream or as a whole. */
import type { Logger } from 'pino';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import type { Generation, GenerationEvent } from '../../generation/generation.ts';
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
import type { ChatBody } from './chatBody.ts';
import { eventStream } from './eventStream.ts';

/** One answer on its way to one client. */
export interface Answering {
  logger: Logger;
  model: Model;
  generation: Generation;
  events: AsyncGenerator<GenerationEvent, void, void>;
  base: ChatAnswerBase;
  body: ChatBody;
  /** Called when the reader of a stream goes away, or reads too slowly. */
  onReaderGone: () => void;
  headers: Record<string, string>;
}

export function sendAnswer(answering: Answering): Promise<Response> | Response {
  return answering.body.stream ? streamAnswer(answering) : wholeAnswer(answering);
}

async function wholeAnswer(answering: Answering): Promise<Response> {
  const { model, generation, events, base, body, headers } = answering;
  let text = '';
  const logprobs: LogprobsBody | null = body.logprobs ? { content: [], refusal: null } : null;
  for await (const event of events) {
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

function streamAnswer(answering: Answering): Response {
  const { logger, model, generation, events, base, body, headers } = answering;
  const withUsage = body.stream_options?.include_usage === true;
  const usage = withUsage ? { usage: null } : {};
  const produce = async (send: (data: string) => void): Promise<void> => {
    try {
      send(JSON.stringify(chatChunk(base, { delta: { role: 'assistant', content: '' }, ...usage })));
      for await (const event of events) {
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
  const onUnread = (): string => {
    answering.onReaderGone();
    return JSON.stringify(unreadError.body);
  };
  return eventStream(produce, { headers, onCancel: answering.onReaderGone, onUnread });
}

const unreadError = new ApiError(
  408,
  'Too much of this answer was left unread, so the hub ended its stream. Read an answer as it comes. Where it belongs to a ' +
    'conversation, the conversation has all of it.',
  { code: 'answer_unread' },
);

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
