/** A hub among several, at its doors: it answers itself while it leads, and otherwise passes requests on. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Logger } from 'pino';
import { notePassedOn, passedOnHeaders, readPassedOn } from '../http/passedOn.ts';
import type { LeaderBoard } from '../lead/leaderBoard.ts';
import type { Term } from '../lead/term.ts';
import type { Fetch } from '../network/fetch.ts';
import { endWebSocket, hubStops, otherHubLeads, type Goodbye } from '../network/goodbye.ts';
import { keepWhileOpen } from '../network/keepWhileOpen.ts';
import type { Elsewhere } from '../network/listen.ts';
import { messageOf } from '../errors/messageOf.ts';
import type { FrontMetrics } from './frontMetrics.ts';
import { BodyRoom } from './keepBody.ts';
import { kindOf, type RequestKind } from './kindOf.ts';
import { askLeader, type LeaderHealth } from './leaderHealth.ts';
import { LeaderLine } from './leaderLine.ts';
import { passOn, type PassOnInit } from './passOn.ts';
import { passUpgrade } from './passUpgrade.ts';
import { noLeader, refuse, refuseUpgrade, stops } from './refuse.ts';
import type { Waiting } from './waiting.ts';

export interface FrontComponents {
  board: LeaderBoard;
  waiting: Waiting;
  metrics: Pick<FrontMetrics, 'passedOn' | 'askedAgain'>;
  /** Which requests this hub always answers itself while it does not lead. */
  isOwn: (incoming: IncomingMessage) => boolean;
  /** Answers those. */
  answerOwn: Fetch;
  /** What is wrong with what the hubs share; undefined while all is well. */
  trouble: () => string | undefined;
  logger: Logger;
}

/** What answers while this hub leads. */
export interface Leading {
  term: Term;
  fetch: Fetch;
  /** True once it takes no new requests that a model answers. */
  isDraining: () => boolean;
}

/** How long requests have for their end when this hub ends them, in milliseconds: who reads nothing does not end. */
const endMs = 3000;

export class Front implements Elsewhere {
  readonly #components: FrontComponents;
  readonly #init: PassOnInit;
  readonly #line: LeaderLine;
  readonly #bodies = new BodyRoom();
  /** Connections of other hubs, while this one leads. */
  readonly #passedOn = new Set<Duplex>();
  /** Web sockets that clients and other hubs have with this one, while it leads. */
  readonly #upgraded = new Set<Duplex>();
  /** Ends web sockets of this hub's clients that another hub serves. */
  readonly #joined = new Set<(goodbye: Goodbye) => void>();
  /** Requests of this hub's clients that another answers. */
  readonly #underWay = new Map<Promise<void>, { kind: RequestKind; isDownload: boolean }>();
  readonly #ending = new AbortController();
  #leading: Leading | undefined;
  #isStopping = false;

  constructor(components: FrontComponents, init: PassOnInit) {
    this.#components = components;
    this.#init = init;
    this.#line = new LeaderLine(components.board);
  }

  /** True once the hub is about to stop: whoever spreads requests over hubs sends it none any more. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** This hub answers from now on; undefined: another does, or nobody. */
  lead(leading: Leading | undefined): void {
    this.#leading = leading;
  }

  /** Ends the connections of other hubs: they ask the next leader. */
  cutPassedOn(): void {
    for (const socket of this.#passedOn) socket.destroy();
  }

  /** Ends web sockets that came while this hub led: whoever has one opens another. */
  cutSockets(): void {
    // What is written to one of them is always a whole frame.
    for (const socket of this.#upgraded) endWebSocket(socket, this.#isStopping ? hubStops : otherHubLeads);
  }

  /** The hub is about to stop: it takes no new requests that a model answers, and no new web sockets. */
  beginStop(): void {
    this.#isStopping = true;
  }

  /** Resolves when all requests have their answers, or after the limit. @param limitMs in milliseconds */
  async drain(limitMs: number): Promise<void> {
    this.beginStop();
    // What only watches ends with the hub.
    const awaited = [...this.#underWay].flatMap(([request, { kind, isDownload }]) =>
      kind === 'again' && !isDownload ? [] : [request],
    );
    if (awaited.length === 0 || limitMs <= 0) return;
    this.#components.logger.info(
      { requests: awaited.length, limitMs },
      'the hub stops when its clients have their answers',
    );
    await Promise.race([Promise.all(awaited), setTimeout(limitMs, undefined, { ref: false })]);
  }

  /** Ends what is passed on: answers that have begun with an event that says why, web sockets with a reason. */
  async close(): Promise<void> {
    this.beginStop();
    this.#ending.abort();
    for (const end of this.#joined) end(hubStops);
    const ended = Promise.all(this.#underWay.keys());
    await Promise.race([ended, setTimeout(endMs, undefined, { ref: false })]);
    this.#line.close();
  }

  /** How the hub that leads is, for whoever asks this one; undefined where none answers. */
  leaderHealth(incoming: IncomingMessage): Promise<LeaderHealth | undefined> {
    return askLeader({ board: this.#components.board, line: this.#line }, incoming);
  }

  request(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const isOfHub = incoming.headers[passedOnHeaders.secret] !== undefined;
    if (this.#leading) {
      if (isOfHub) keepWhileOpen(this.#passedOn, incoming.socket);
      return false;
    }
    if (isOfHub) {
      notLeading(outgoing);
      return true;
    }
    const { board, waiting, metrics, logger, isOwn, trouble } = this.#components;
    if (isOwn(incoming)) return false;
    const kind = kindOf(incoming.method ?? 'GET', incoming.url ?? '/', incoming.headers);
    if (this.#isStopping && isForModel(kind)) {
      refuse(incoming, outgoing, stops);
      return true;
    }
    metrics.passedOn('request');
    const { signal: ending } = this.#ending;
    const underWay = { kind, isDownload: false };
    const components = {
      ...{ board, waiting, logger, ending, line: this.#line, bodies: this.#bodies },
      ...this.#init,
      nobodyLeads: () => noLeader(board, trouble()),
      askedAgain: () => metrics.askedAgain(),
      downloads: () => (underWay.isDownload = true),
    };
    const passing = passOn(components, kind, incoming, outgoing)
      .catch((error: unknown) => {
        logger.error({ reason: messageOf(error), path: incoming.url }, 'a request could not be passed on');
        outgoing.destroy();
      })
      .finally(() => this.#underWay.delete(passing));
    this.#underWay.set(passing, underWay);
    return true;
  }

  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (this.#leading) {
      keepWhileOpen(this.#upgraded, socket);
      return false;
    }
    const { board, waiting, metrics, logger, trouble } = this.#components;
    if (incoming.headers[passedOnHeaders.secret] !== undefined) {
      socket.destroy();
      return true;
    }
    if (this.#isStopping) {
      socket.on('error', () => undefined);
      refuseUpgrade(incoming, socket, stops);
      return true;
    }
    metrics.passedOn('socket');
    const components = {
      ...{ board, waiting, line: this.#line, joined: this.#joined },
      nobodyLeads: () => noLeader(board, trouble()),
    };
    passUpgrade(components, incoming, socket, head).catch((error: unknown) => {
      logger.error({ reason: messageOf(error) }, 'a web socket could not be passed on');
      socket.destroy();
    });
    return true;
  }

  /** Answers what `request` and `upgrade` left to this hub. */
  readonly fetch: Fetch = async (request, environment) => {
    const leading = this.#leading;
    if (!leading) return this.#components.answerOwn(request, environment);
    const { term, fetch, isDraining } = leading;
    const { incoming } = environment as { incoming?: IncomingMessage };
    const passedOn = incoming && readPassedOn(incoming.headers, term.record.secret);
    // Who slept, or has not heard of Redis for long, asks first whether it still leads.
    if (!term.isCertain && !(await term.confirm())) return notLeadingResponse();
    if (passedOn) {
      const { method = 'GET', url = '/', headers } = incoming;
      if (isDraining() && isForModel(kindOf(method, url, headers))) return notLeadingResponse();
      notePassedOn(environment, passedOn);
    }
    return fetch(request, environment);
  };
}

/** A model is to answer. */
function isForModel(kind: RequestKind): boolean {
  return kind === 'answer' || kind === 'kept';
}

function notLeading(outgoing: ServerResponse): void {
  outgoing.writeHead(503, {
    [passedOnHeaders.notLeading]: 'true',
    'retry-after': '1',
    'content-length': '0',
  });
  outgoing.end();
}

/** Clients of this hub ask again by themselves; other hubs do it for theirs. */
function notLeadingResponse(): Response {
  return Response.json(
    {
      error: {
        message: 'Another hub has just taken over. Ask again.',
        type: 'server_error',
        param: null,
        code: 'no_leading_hub',
      },
    },
    { status: 503, headers: { 'retry-after': '1', [passedOnHeaders.notLeading]: 'true' } },
  );
}
