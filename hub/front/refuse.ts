/** What a hub that does not lead says itself where no other answers. */
import { Buffer } from 'node:buffer';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, toApiError } from '../http/apiError.ts';
import { hubIsStopping, hubStopped } from '../generation/whyNotAnswered.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import { errorBody } from './errorFor.ts';

type Leaders = Pick<LeaderBoard, 'record' | 'serving'>;

/** @param trouble what is wrong with what the hubs share, as `/health` of this one says it */
export function noLeader({ record, serving }: Leaders, trouble: string | undefined): ApiError {
  const isStarting = record !== undefined && serving === undefined;
  const next = isStarting
    ? 'The next one starts, and leads once it has the database and its models: ask again then.'
    : 'Another one takes over within seconds: ask again then.';
  return new ApiError(
    503,
    `No hub leads at the moment. ${trouble === undefined ? next : `${trouble} Ask again then.`}`,
    { code: 'no_leading_hub', retryAfterSeconds: 2 },
  );
}

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
export const stops = toApiError(hubIsStopping());

/** Sends the refusal; nothing of an answer may have been sent. */
export function refuse(incoming: IncomingMessage, outgoing: ServerResponse, error: ApiError): void {
  outgoing.writeHead(error.status, headersOf(error));
  outgoing.end(JSON.stringify(errorBody(incoming, error)));
}

/** Sends the refusal to who asked for a web socket, and ends the connection. */
export function refuseUpgrade(incoming: IncomingMessage, socket: Duplex, error: ApiError): void {
  const body = JSON.stringify(errorBody(incoming, error));
  const headers = { ...headersOf(error), 'content-length': Buffer.byteLength(body), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(
    [`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`, ...lines, '', body].join('\r\n'),
  );
}

function headersOf({ retryAfterSeconds }: ApiError): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  };
}
