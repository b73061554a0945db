/** Passes requests on to the hub that leads, and asks the next one where that one is lost. */
import { Buffer } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { requestHeader } from '@potluck/api';
import { SessionId } from '@potluck/protocol';
import type { Logger } from 'pino';
import { uuidv7 } from 'uuidv7';
import { seedBound } from '../generation/generator.ts';
import type { ApiError } from '../http/apiError.ts';
import { readEventId } from '../http/inference/eventsRead.ts';
import { passedOnHeaders, type PassedOn } from '../http/passedOn.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderRecord } from '../lead/leaderRecord.ts';
import type { BodyRoom, KeptBody } from './keepBody.ts';
import { endOfStream, errorIn } from './errorFor.ts';
import { isAnswer, type RequestKind } from './kindOf.ts';
import type { LeaderLine } from './leaderLine.ts';
import { frontHeaders, passedHeaders } from './passedHeaders.ts';
import { lostOnTheWay, noLeader, refuse, stopped, tooManyWait } from './refuse.ts';
import type { Waiting } from './waiting.ts';
import { WholeEvents } from './wholeEvents.ts';

export interface PassOnComponents {
  board: LeaderBoard;
  line: LeaderLine;
  bodies: BodyRoom;
  waiting: Waiting;
  /** An answer goes on that had another hub. */
  askedAgain: () => void;
  /** How long an answer waits whose hub was lost before it was whole, in milliseconds. */
  lostMs: number;
  /** Aborted when this hub has waited long enough for what is under way, and ends it. */
  ending: AbortSignal;
  logger: Logger;
}

/** How long a request waits for a hub that leads, in milliseconds. */
const newMs = 10_000;
/** Between two attempts at one leader, in milliseconds. */
const pauseMs = 100;
/** Answers that are sent whole are kept until they are whole; longer ones go on as they come. */
const mostWholeBytes = 8 * 1024 * 1024;
/** Of another hub's error. */
const mostErrorBytes = 64 * 1024;

/** One request on its way. */
interface Exchange {
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

type Outcome = 'done' | 'lost' | 'later';

export async function passOn(
  components: PassOnComponents,
  kind: RequestKind,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const [gone, over] = [new AbortController(), new AbortController()];
  outgoing.once('close', () => {
    gone.abort();
    over.abort();
  });
  outgoing.on('error', () => undefined);
  incoming.on('error', () => undefined);
  const body =
    kind === 'upload'
      ? { bytes: Buffer.alloc(0), isWhole: false, forget: () => undefined }
      : await components.bodies.keep(incoming).catch(() => undefined);
  if (!body) return;
  const exchange: Exchange = {
    ...{ incoming, outgoing, kind, body, events: undefined, wasLost: false },
    ...{ gone: gone.signal, over: over.signal },
    answer: kind === 'answer' && body.isWhole ? nameAnswer(incoming) : undefined,
  };
  const { ending } = components;
  const end = (): void => over.abort();
  ending.addEventListener('abort', end, { once: true });
  if (ending.aborted) end();
  try {
    await deliver(components, exchange);
  } finally {
    ending.removeEventListener('abort', end);
    body.forget();
  }
}

/** @returns undefined where the client's own name for it is none */
function nameAnswer({ headers }: IncomingMessage): Exchange['answer'] {
  const named = headers[requestHeader];
  const read = named === undefined ? '0' : (headers['last-event-id'] ?? '0');
  const id = named === undefined ? uuidv7() : SessionId.safeParse(named).data;
  const eventsRead = typeof read === 'string' ? readEventId(read) : undefined;
  if (id === undefined || id !== id.toLowerCase() || !eventsRead) return undefined;
  return { id, seed: randomInt(seedBound), eventsRead, isAgain: false };
}

/** Asks until the answer is whole, or nobody can be asked any more. */
async function deliver(components: PassOnComponents, exchange: Exchange): Promise<void> {
  const { board, waiting, askedAgain, lostMs } = components;
  const { gone, over } = exchange;
  let until = performance.now() + newMs;
  const leave = board.serving ? undefined : waiting.enter();
  if (!board.serving && !leave) return finish(exchange, tooManyWait);
  try {
    while (!over.aborted) {
      const left = until - performance.now();
      const leader =
        left > 0
          ? await board.whenServing(AbortSignal.any([over, AbortSignal.timeout(Math.ceil(left))]))
          : undefined;
      if (over.aborted) break;
      if (!leader) return await finish(exchange, noLeader);
      const outcome = await ask(components, exchange, leader, performance.now() + pauseMs < until);
      if (outcome === 'done') return;
      if (over.aborted) break;
      if (outcome === 'lost' && !exchange.wasLost) {
        exchange.wasLost = true;
        until = performance.now() + lostMs;
        askedAgain();
      }
      await setTimeout(pauseMs, undefined, { signal: over }).catch(() => undefined);
    }
    if (!gone.aborted) await finish(exchange, stopped);
  } finally {
    leave?.();
  }
}

/** Ends the request with an error: as its answer, or as the last event of an answer that has begun. */
async function finish(exchange: Exchange, error: ApiError): Promise<void> {
  const { incoming, outgoing, answer, events, gone } = exchange;
  if (!outgoing.headersSent) refuse(incoming, outgoing, error);
  else if (events) outgoing.end(endOfStream(incoming, error, answer?.id));
  else outgoing.destroy();
  if (outgoing.writableEnded && !outgoing.writableFinished)
    await once(outgoing, 'finish', { signal: gone }).catch(() => undefined);
}

/**
 * Asks one hub.
 * @param mayWait false where what it says is passed on, whatever it is
 * @returns `lost` where it was lost with the request, `later` where it never had it
 */
async function ask(
  components: PassOnComponents,
  exchange: Exchange,
  leader: LeaderRecord,
  mayWait: boolean,
): Promise<Outcome> {
  const { incoming, kind, body, answer, events, gone, over } = exchange;
  const about = answer && {
    ...answer,
    eventsRead: [...(events?.read ?? answer.eventsRead)],
    isAgain: exchange.wasLost,
  };
  const headers = [
    ...passedHeaders(incoming.rawHeaders, body.isWhole ? ['content-length'] : []),
    ...frontHeaders(leader.secret, incoming, about),
    ...bodyHeaders(exchange),
  ];
  const request = components.line.request(leader, incoming.method ?? 'GET', incoming.url ?? '/', headers);
  const end = (): void => void request.destroy();
  over.addEventListener('abort', end, { once: true });
  try {
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    if (body.isWhole) request.end(body.bytes);
    else {
      if (body.bytes.length > 0) request.write(body.bytes);
      incoming.pipe(request);
    }
    const [response] = await answered;
    // What goes wrong later shows where it is read.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    return await passBack(components, exchange, response, mayWait);
  } catch (error) {
    if (gone.aborted) return 'done';
    const canRepeat = body.isWhole;
    if (canRepeat && isUnreached(error)) return 'later';
    if (canRepeat && (kind === 'answer' || kind === 'again')) return 'lost';
    // A page that loses its hub looks into the conversation.
    await finish(exchange, kind === 'kept' ? stopped : lostOnTheWay);
    return 'done';
  } finally {
    over.removeEventListener('abort', end);
  }
}

/** The body comes from memory where all of it is there: its length is known then. */
function bodyHeaders({ incoming, body }: Exchange): string[] {
  if (!body.isWhole)
    return incoming.headers['content-length'] === undefined ? ['transfer-encoding', 'chunked'] : [];
  const hasBody =
    body.bytes.length > 0 || !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(incoming.method ?? 'GET');
  return hasBody ? ['content-length', String(body.bytes.length)] : [];
}

/** True where the request came to nobody: it failed at the name or the connection. */
function isUnreached(error: unknown): boolean {
  // Node's error where a name has several addresses, and none of them answers.
  if (error instanceof AggregateError) return true;
  const syscall = error instanceof Error && 'syscall' in error ? error.syscall : undefined;
  return syscall === 'connect' || syscall === 'getaddrinfo';
}

async function passBack(
  components: PassOnComponents,
  exchange: Exchange,
  response: IncomingMessage,
  mayWait: boolean,
): Promise<Outcome> {
  const { incoming, outgoing, answer, wasLost, kind, body } = exchange;
  const { statusCode: status = 502, headers } = response;
  const canRepeat = body.isWhole;
  // It does not lead, or has no devices yet.
  const isTooSoon = status === 503 && kind === 'answer' && (wasLost || components.board.isFresh);
  if (mayWait && canRepeat && (headers[passedOnHeaders.notLeading] !== undefined || isTooSoon)) {
    response.resume();
    return 'later';
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
  return passBytes(exchange, response, components.logger);
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

/** Each event as soon as it is whole. */
async function passEvents(
  exchange: Exchange,
  response: IncomingMessage,
  format: 'events' | 'lines',
): Promise<Outcome> {
  const { incoming, outgoing, answer, gone, over } = exchange;
  const showsNumbers = incoming.headers[requestHeader] !== undefined;
  const events = (exchange.events ??= new WholeEvents({
    format,
    read: answer?.eventsRead ?? [0],
    showsNumbers,
  }));
  events.forget();
  if (!outgoing.headersSent) writeHead(outgoing, response);
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const whole = events.take(chunk);
      if (whole.length > 0 && !outgoing.write(whole)) await once(outgoing, 'drain', { signal: over });
    }
  } catch {
    return gone.aborted ? 'done' : 'lost';
  }
  if (!response.complete) return 'lost';
  outgoing.end();
  return 'done';
}

/** An answer of which nothing was sent on can be asked for once more. */
async function passWhole(exchange: Exchange, response: IncomingMessage): Promise<Outcome> {
  const { outgoing, gone } = exchange;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= mostWholeBytes) continue;
      if (!outgoing.headersSent) writeHead(outgoing, response);
      if (!outgoing.write(Buffer.concat(chunks.splice(0)))) await once(outgoing, 'drain', { signal: gone });
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
