/** An answer as a stream of events: what goes wrong after the headers is an event, too. */
import type { Logger } from 'pino';
import type { Generation } from '../../generation/generation.ts';
import { ApiError, toApiError } from '../apiError.ts';
import { eventStream, type SendEvent } from './eventStream.ts';
import type { Inference } from './inference.ts';
import type { StreamFormat } from './streamFormat.ts';

export interface AnswerStreamInit {
  logger: Logger;
  inference: Inference;
  generations: readonly [Generation, ...Generation[]];
  headers: Record<string, string>;
  /** An error as the surface writes it: the data of an event, and the event's name where it has one. */
  describeError: (error: ApiError) => [data: string, name?: string];
  /** What comes after all events, also after an error. */
  last?: string;
  /** Default: server-sent events. */
  format?: StreamFormat;
}

/** @param produce writes the answer's events */
export function answerStream(init: AnswerStreamInit, produce: (send: SendEvent) => Promise<void>): Response {
  const { logger, inference, generations, headers, describeError, last, format } = init;
  return eventStream(
    async (send, sendLast) => {
      let end: SendEvent = send;
      try {
        await produce(send);
      } catch (error) {
        const apiError = toApiError(error);
        if (apiError.code === 'internal_error')
          logger.error({ error, request: generations[0].id }, 'stream failed');
        end = sendLast;
        sendLast(...describeError(apiError));
        // The other choices have nobody to answer to.
        inference.controller.abort();
      }
      if (last !== undefined) end(last);
    },
    {
      headers,
      format,
      eventsRead: inference.eventsRead,
      answers: generations.length,
      onCancel: inference.onReaderGone,
      onUnread: () => {
        inference.onReaderGone();
        return describeError(unreadError);
      },
    },
  );
}

const unreadError = new ApiError(
  408,
  'Too much of this answer was left unread, so the hub ended its stream. Read an answer as it comes. Where it belongs to a ' +
    'conversation, the conversation has all of it.',
  { code: 'answer_unread' },
);

/** OpenAI's way to end a stream, whatever happened in it. */
export const openaiStream: Pick<AnswerStreamInit, 'describeError' | 'last'> = {
  describeError: (error) => [JSON.stringify(error.body)],
  last: '[DONE]',
};
