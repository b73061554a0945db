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
import { readEventId } from '../http/inference/eventsRead.ts';
import { passedOnHeaders, type PassedOn } from '../http/passedOn.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderRecord } from '../lead/leaderRecord.ts';
import type { BodyRoom, KeptBody } from './keepBody.ts';
import type { RequestKind } from './kindOf.ts';
import type { LeaderLine } from './leaderLine.ts';
import { frontHeaders, passedHeaders } from './passedHeaders.ts';
import { lostOnTheWay, noLeader, refuse, tooManyWait } from './refuse.ts';
import type { Waiting } from './waiting.ts';
import { WholeEvents } from './wholeEvents.ts';

export interface PassOnComponents {
  board: LeaderBoard;
  line: LeaderLine;
  bodies: BodyRoom;
  waiting: Waiting;
  /** An answer goes on that had another hub. */
  askedAgain: () => void;
  logger: Logger;
}

/** How long a request waits for a hub that leads, in milliseconds. */
const newMs = 10_000;
/** How long one waits whose hub was lost before its answer was whole: as long as it waits for lost devices. */
const begunMs = 60_000;
/** Between two attempts at one leader, in milliseconds. */
const pauseMs = 100;
/** Answers that are sent whole are kept until they are whole. */
const mostWholeBytes = 8 * 1024 * 1024;

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
}

type Outcome = 'done' | 'lost' | 'later';

export async function passOn(
  components: PassOnComponents,
  kind: RequestKind,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  outgoing.on('error', () => undefined);
  incoming.on('error', () => undefined);
  const body =
    kind === 'upload'
      ? { bytes: Buffer.alloc(0), isWhole: false, forget: () => undefined }
      : await components.bodies.keep(incoming).catch(() => undefined);
  if (!body) return;
  const exchange: Exchange = {
    ...{ incoming, outgoing, kind, body, events: undefined, wasLost: false, gone: gone.signal },
    answer: kind === 'answer' && body.isWhole ? nameAnswer(incoming) : undefined,
  };
  try {
    await deliver(components, exchange);
  } finally {
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
  const { board, waiting, askedAgain } = components;
  const { outgoing, gone } = exchange;
  let until = performance.now() + newMs;
  const leave = board.serving ? undefined : waiting.enter();
  if (!board.serving && !leave) {
    refuse(outgoing, tooManyWait);
    return;
  }
  try {
    while (!gone.aborted) {
      const left = until - performance.now();
      const leader =
        left > 0
          ? await board.whenServing(AbortSignal.any([gone, AbortSignal.timeout(Math.ceil(left))]))
          : undefined;
      if (gone.aborted) return;
      if (!leader) {
        refuse(outgoing, noLeader);
        return;
      }
      const outcome = await ask(components, exchange, leader, performance.now() + pauseMs < until);
      if (outcome === 'done') return;
      if (outcome === 'lost' && !exchange.wasLost) {
        exchange.wasLost = true;
        until = performance.now() + begunMs;
        askedAgain();
      }
      await setTimeout(pauseMs, undefined, { signal: gone }).catch(() => undefined);
    }
  } finally {
    leave?.();
  }
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
  const { incoming, outgoing, kind, body, answer, events, gone } = exchange;
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
  gone.addEventListener('abort', end, { once: true });
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
    if (kind === 'kept') outgoing.destroy();
    else refuse(outgoing, lostOnTheWay);
    return 'done';
  } finally {
    gone.removeEventListener('abort', end);
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
  const { outgoing, answer, wasLost, kind, body } = exchange;
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
    response.resume();
    outgoing.destroy();
    return 'done';
  }
  const isNamed = answer !== undefined && headers['x-request-id'] === answer.id;
  const format = formatOf(headers['content-type']);
  if (isNamed && format) return passEvents(exchange, response, format);
  if (isNamed || isTooSoon) return passWhole(exchange, response);
  return passBytes(exchange, response, components.logger);
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
  const { incoming, outgoing, answer, gone } = exchange;
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
      if (whole.length > 0 && !outgoing.write(whole)) await once(outgoing, 'drain', { signal: gone });
    }
  } catch {
    return gone.aborted ? 'done' : 'lost';
  }
  if (!response.complete) return 'lost';
  outgoing.end();
  return 'done';
}

/** An answer that is not whole yet can be asked for once more. */
async function passWhole(exchange: Exchange, response: IncomingMessage): Promise<Outcome> {
  const { outgoing, gone } = exchange;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > mostWholeBytes) throw new Error('too long to be kept');
      chunks.push(chunk);
    }
  } catch {
    return gone.aborted ? 'done' : 'lost';
  }
  if (!response.complete) return 'lost';
  writeHead(outgoing, response);
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
