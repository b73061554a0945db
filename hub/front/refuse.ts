/** What a hub that does not lead says itself where no other answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, toApiError } from '../http/apiError.ts';
import { hubStopped, hubStops } from '../generation/whyNotAnswered.ts';
import { errorBody } from './errorFor.ts';

export const noLeader = new ApiError(
  503,
  'No hub leads at the moment. Another one takes over within seconds, or as soon as the database answers: ask again then.',
  { code: 'no_leading_hub', retryAfterSeconds: 2 },
);

export const tooManyWait = new ApiError(
  503,
  'No hub leads at the moment, and too many requests wait for one. Ask again soon.',
  { code: 'no_leading_hub', retryAfterSeconds: 5 },
);

/** It changes something, so that asking twice could do it twice. */
export const lostOnTheWay = new ApiError(
  502,
  'The hub that leads was lost before it answered. What was asked for may be done or not: look, and ask again where it is not.',
  { code: 'hub_lost' },
);

/** An answer ends early, for the reason that a hub gives which leads and stops. */
export const stopped = toApiError(hubStopped());

/** This hub is about to stop, and takes no new requests that a model answers. */
export const stops = toApiError(hubStops());

/** Sends the refusal; nothing of an answer may have been sent. */
export function refuse(incoming: IncomingMessage, outgoing: ServerResponse, error: ApiError): void {
  const { status, retryAfterSeconds } = error;
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  outgoing.end(JSON.stringify(errorBody(incoming, error)));
}
