/** The answer of the hub that leads on its way to the client: as it comes, by whole events, or once it is whole. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { requestHeader } from '@potluck/api';
import type { Logger } from 'pino';
import { passedOnHeaders } from '../http/passedOn.ts';
import type { ApiError } from '../http/apiError.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import { writeChunk } from '../network/writeChunk.ts';
import { errorIn } from './errorFor.ts';
import { finish, type Exchange, type Outcome } from './exchange.ts';
import { isAnswer } from './kindOf.ts';
import { passedHeaders } from './passedHeaders.ts';
import { stopped } from './refuse.ts';
import { WholeEvents } from './wholeEvents.ts';

/** Answers that are sent whole are kept until they are whole; longer ones go on as they come. */
const mostWholeBytes = 8 * 1024 * 1024;
/** Of another hub's error. */
const mostErrorBytes = 64 * 1024;

/** A comment, which whoever reads events leaves out. */
const goodbye = ': this hub stops, or the one that leads was lost; come back for what follows\n\n';

export interface PassBackComponents {
  board: Pick<LeaderBoard, 'isFresh'>;
  /** What a request hears that has waited long enough for a hub that leads. */
  nobodyLeads: () => ApiError;
  logger: Logger;
  /** Called where what is asked for is no answer of a model and nothing that goes on for ever. */
  downloads: () => void;
}

/**
 * Passes back what a hub answers. That it does not lead is said between hubs only.
 * @param mayWait false where the request has waited long enough, and gets what there is now
 */
export async function passBack(
  { board, nobodyLeads, logger, downloads }: PassBackComponents,
  exchange: Exchange,
  response: IncomingMessage,
  mayWait: boolean,
): Promise<Outcome> {
  const { incoming, outgoing, answer, wasLost, kind, body } = exchange;
  const { statusCode: status = 502, headers } = response;
  const canRepeat = body.isWhole;
  const isNotLeading = headers[passedOnHeaders.notLeading] !== undefined;
  // It has no devices yet.
  const isTooSoon = status === 503 && kind === 'answer' && (wasLost || board.isFresh);
  if (mayWait && canRepeat && (isNotLeading || isTooSoon)) {
    response.resume();
    return isNotLeading ? 'gives-way' : 'later';
  }
  if (isNotLeading) {
    response.resume();
    await finish(exchange, nobodyLeads());
    return 'done';
  }
  if (outgoing.headersSent && status !== 200) {
    // Nobody goes on with it.
    await finish(exchange, errorIn(status, await startOf(response)));
    return 'done';
  }
  const isNamed = answer !== undefined && headers['x-request-id'] === answer.id;
  const format = formatOf(headers['content-type']);
  if (format && (isNamed || isAnswer(incoming.url ?? '/'))) {
    const outcome = await passEvents(exchange, response, format);
    if (isNamed || outcome === 'done') return outcome;
    // It can't go on here; what is kept of it is read where it is kept.
    await finish(exchange, stopped);
    return 'done';
  }
  if (isNamed || isTooSoon) return passWhole(exchange, response);
  if (format === 'events' && kind === 'again') return passWatched(exchange, response);
  downloads();
  return passBytes(exchange, response, logger);
}

/** What an error says is at its beginning. */
async function startOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > mostErrorBytes) break;
    }
  } catch {
    // What came is all that there is.
  }
  return Buffer.concat(chunks).toString();
}

function formatOf(contentType = ''): 'events' | 'lines' | undefined {
  if (contentType.startsWith('text/event-stream')) return 'events';
  return /^application\/(x-)?(ndjson|jsonl)/.test(contentType) ? 'lines' : undefined;
}

/** Each event of an answer as soon as it is whole. */
async function passEvents(
  exchange: Exchange,
  response: IncomingMessage,
  format: 'events' | 'lines',
): Promise<Outcome> {
  const { incoming, outgoing, answer, gone } = exchange;
  const showsNumbers = incoming.headers[requestHeader] !== undefined;
  const events = (exchange.events ??= new WholeEvents({
    format,
    read: answer?.eventsRead ?? [0],
    showsNumbers,
  }));
  events.forget();
  await passWholeEvents(outgoing, response, events);
  if (!response.complete) return gone.aborted ? 'done' : 'lost';
  outgoing.end();
  return 'done';
}

/** What happens, as it happens: whoever watches comes back, and learns what was missed. */
async function passWatched({ outgoing, gone }: Exchange, response: IncomingMessage): Promise<Outcome> {
  await passWholeEvents(
    outgoing,
    response,
    new WholeEvents({ format: 'events', read: [0], showsNumbers: true }),
  );
  if (!response.complete && !gone.aborted) outgoing.write(goodbye);
  outgoing.end();
  return 'done';
}

/** Resolves when no more come. */
async function passWholeEvents(
  outgoing: ServerResponse,
  response: IncomingMessage,
  events: WholeEvents,
): Promise<void> {
  if (!outgoing.headersSent) writeHead(outgoing, response);
  // Not by iteration, which costs as much for each token as passing it on.
  response.on('data', (chunk: Buffer) => {
    const whole = events.take(chunk);
    if (whole === '' || writeChunk(outgoing, whole, 'latin1')) return;
    response.pause();
    outgoing.once('drain', () => response.resume());
  });
  if (!response.closed) await new Promise<void>((resolve) => response.once('close', resolve));
}

/** An answer of which nothing was sent on can be asked for once more. */
async function passWhole(exchange: Exchange, response: IncomingMessage): Promise<Outcome> {
  const { outgoing, gone, over } = exchange;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= mostWholeBytes) continue;
      if (!outgoing.headersSent) writeHead(outgoing, response);
      if (!outgoing.write(Buffer.concat(chunks.splice(0)))) await once(outgoing, 'drain', { signal: over });
    }
  } catch {
    // It was lost: that shows below.
  }
  if (gone.aborted) return 'done';
  if (!response.complete && !outgoing.headersSent) return 'lost';
  if (!response.complete) {
    outgoing.destroy();
    return 'done';
  }
  if (!outgoing.headersSent) writeHead(outgoing, response);
  outgoing.end(Buffer.concat(chunks));
  return 'done';
}

/** What can't be asked for again ends where it ends. */
async function passBytes(
  { outgoing }: Exchange,
  response: IncomingMessage,
  logger: Logger,
): Promise<Outcome> {
  writeHead(outgoing, response);
  response.pipe(outgoing);
  await new Promise<void>((resolve) => {
    outgoing.once('close', () => {
      response.destroy();
      resolve();
    });
    response.once('close', () => {
      if (!response.complete) {
        logger.debug('an answer ended before it was whole: the hub that leads was lost');
        outgoing.destroy();
      }
      resolve();
    });
  });
  return 'done';
}

function writeHead(
  outgoing: ServerResponse,
  { statusCode = 502, statusMessage, rawHeaders }: IncomingMessage,
): void {
  outgoing.writeHead(statusCode, statusMessage, passedHeaders(rawHeaders));
  outgoing.flushHeaders();
}
