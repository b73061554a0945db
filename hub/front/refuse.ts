/** What a hub that does not lead says itself where no other answers. */
import type { ServerResponse } from 'node:http';

export interface FrontRefusal {
  status: 502 | 503;
  code: string;
  message: string;
  retryAfterSeconds?: number;
}

export const noLeader: FrontRefusal = {
  status: 503,
  code: 'no_leading_hub',
  message:
    'No hub leads at the moment. Another one takes over within seconds, or as soon as the database answers: ask again then.',
  retryAfterSeconds: 2,
};

export const tooManyWait: FrontRefusal = {
  status: 503,
  code: 'no_leading_hub',
  message: 'No hub leads at the moment, and too many requests wait for one. Ask again soon.',
  retryAfterSeconds: 5,
};

/** It changes something, so that asking twice could do it twice. */
export const lostOnTheWay: FrontRefusal = {
  status: 502,
  code: 'hub_lost',
  message:
    'The hub that leads was lost before it answered. What was asked for may be done or not: look, and ask again where it is not.',
};

/** Sends the refusal; closes the connection where an answer has begun. */
export function refuse(outgoing: ServerResponse, refusal: FrontRefusal): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const { status, code, message, retryAfterSeconds } = refusal;
  outgoing.writeHead(status, {
    'content-type': 'application/json',
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
  });
  outgoing.end(JSON.stringify({ error: { message, type: 'server_error', param: null, code } }));
}
