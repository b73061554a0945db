/** Sends bodies that grow by small pieces straight to their connections. */
import { ServerResponse, type OutgoingHttpHeaders } from 'node:http';
import type { Fetch } from './fetch.ts';
import { textBodyOf, type TextBody } from './textBody.ts';
import { writeChunk } from './writeChunk.ts';

/** By which @hono/node-server knows that nothing is left to send. */
const alreadySent = 'x-hono-already-sent';

/** @param fetch answers; those of its answers whose body is a `TextBody` are sent here, all others by whoever asked */
export function sendTexts(fetch: Fetch): Fetch {
  const answer = (response: Response, environment: object): Response => {
    const { outgoing } = environment as { outgoing?: unknown };
    if (!isHttp1(outgoing) || !isText(response)) return response;
    const body = textBodyOf(response.body);
    if (!body) return response;
    send(response, body, outgoing);
    return nothingLeft();
  };
  return (request, environment) => {
    const response = fetch(request, environment);
    if (response instanceof Promise) return response.then((answered) => answer(answered, environment));
    return answer(response, environment);
  };
}

const isHttp1 = (outgoing: unknown): outgoing is ServerResponse => outgoing instanceof ServerResponse;

/** Asked first: to look at a response's body costs more than small responses do. */
function isText({ headers }: Response): boolean {
  const type = headers.get('content-type') ?? '';
  return type.startsWith('text/event-stream') || type.startsWith('application/x-ndjson');
}

function send(response: Response, body: TextBody, outgoing: ServerResponse): void {
  // As from a connection that was closed.
  if (outgoing.destroyed) {
    body.cancel();
    return;
  }
  outgoing.on('error', () => body.cancel());
  outgoing.once('close', () => body.cancel());
  outgoing.writeHead(response.status, headersOf(response));
  outgoing.flushHeaders();
  body.take({
    write: (text) => void writeChunk(outgoing, text),
    end: () => void outgoing.end(),
    get unreadBytes() {
      return outgoing.writableLength;
    },
  });
}

function headersOf({ headers }: Response): OutgoingHttpHeaders {
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}

function nothingLeft(): Response {
  const response = new Response(null, { headers: { [alreadySent]: 'true' } });
  // @hono/node-server sends responses of its own kind whatever their headers say, unless somebody has looked at them.
  void response.body;
  return response;
}
