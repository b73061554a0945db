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
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { LeaderRecord } from '../lead/leaderRecord.ts';
import type { BodyRoom } from './keepBody.ts';
import { finish, type Exchange, type Outcome } from './exchange.ts';
import type { RequestKind } from './kindOf.ts';
import type { LeaderLine } from './leaderLine.ts';
import { frontHeaders, passedHeaders } from './passedHeaders.ts';
import { passBack } from './passBack.ts';
import { lostOnTheWay, stopped, tooManyWait } from './refuse.ts';
import type { Waiting } from './waiting.ts';

export interface PassOnInit {
  /** How long an answer whose hub was lost waits for another that goes on with it, in milliseconds. */
  lostMs: number;
  /** How long a request waits for a hub that leads, in milliseconds. */
  newMs: number;
  /** How much longer it waits while the one that leads answers what it has, and then gives way, in milliseconds. */
  stopMs: number;
}

export interface PassOnComponents extends PassOnInit {
  board: LeaderBoard;
  line: LeaderLine;
  bodies: BodyRoom;
  waiting: Waiting;
  /** What a request hears that has waited long enough for a hub that leads. */
  nobodyLeads: () => ApiError;
  /** An answer goes on that had another hub. */
  askedAgain: () => void;
  /** What is asked for is under way, and is no answer of a model and nothing that goes on for ever. */
  downloads: () => void;
  /** Aborted when this hub has waited long enough for what is under way, and ends it. */
  ending: AbortSignal;
  logger: Logger;
}

/** Between two attempts at one leader, in milliseconds. */
const pauseMs = 100;

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
  const { board, waiting, askedAgain, lostMs, newMs, stopMs } = components;
  const { gone, over } = exchange;
  let until = performance.now() + newMs;
  const latest = until + stopMs;
  const leave = board.serving ? undefined : waiting.enter();
  if (!board.serving && !leave) return finish(exchange, tooManyWait);
  try {
    while (!over.aborted) {
      const left = until - performance.now();
      const leader =
        left > 0
          ? (board.serving ??
            (await board.whenServing(AbortSignal.any([over, AbortSignal.timeout(Math.ceil(left))]))))
          : undefined;
      if (over.aborted) break;
      if (!leader) return await finish(exchange, components.nobodyLeads());
      const outcome = await ask(components, exchange, leader, performance.now() + pauseMs < until);
      if (outcome === 'done') return;
      if (over.aborted) break;
      if (outcome === 'lost' && !exchange.wasLost) {
        exchange.wasLost = true;
        until = performance.now() + lostMs;
        askedAgain();
      }
      // The next one takes over only after that.
      if (outcome === 'gives-way') until = Math.max(until, Math.min(latest, performance.now() + newMs));
      await setTimeout(pauseMs, undefined, { signal: over }).catch(() => undefined);
    }
    if (!gone.aborted) await finish(exchange, stopped);
  } finally {
    leave?.();
  }
}

/**
 * Asks one hub.
 * @param mayWait false where the request has waited long enough, and gets what there is now
 * @returns see `Outcome`
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
