/** One request that is passed on, from its arrival to the end of its answer. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiError } from '../http/apiError.ts';
import type { PassedOn } from '../http/passedOn.ts';
import { endOfStream } from './errorFor.ts';
import type { KeptBody } from './keepBody.ts';
import type { RequestKind } from './kindOf.ts';
import { refuse } from './refuse.ts';
import type { WholeEvents } from './wholeEvents.ts';

/** One request on its way. */
export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  kind: RequestKind;
  body: KeptBody;
  /** Undefined where the answer can't go on elsewhere. */
  answer: NonNullable<PassedOn['answer']> | undefined;
  events: WholeEvents | undefined;
  /** True once a hub that had it was lost. */
  wasLost: boolean;
  /** Aborted when the client is gone. */
  gone: AbortSignal;
  /** Aborted then, and when this hub ends the request. */
  over: AbortSignal;
}

/**
 * `lost` where a hub was lost with the request, `later` where none had it, and `gives-way` where none had it and the one that
 * was asked takes no more.
 */
export type Outcome = 'done' | 'lost' | 'later' | 'gives-way';

/** Ends the request with an error: as its answer, or as the last event of an answer that has begun. */
export async function finish(exchange: Exchange, error: ApiError): Promise<void> {
  const { incoming, outgoing, answer, events, gone } = exchange;
  if (!outgoing.headersSent) refuse(incoming, outgoing, error);
  else if (events) outgoing.end(endOfStream(incoming, error, answer?.id));
  else outgoing.destroy();
  if (outgoing.writableEnded && !outgoing.writableFinished)
    await once(outgoing, 'finish', { signal: gone }).catch(() => undefined);
}
