/** The control channel to the hub: says hello, keeps the lease, comes back after every loss. */
import {
  assignmentOfRefused,
  decodeFromHub,
  protocolVersion,
  type Probe,
  atHub,
  sessionOfRefused,
  workerSocketPath,
  type FromHubMessage,
  type FromWorkerMessage,
  type Hello,
  type Refusal,
  type Renewed,
  type Welcome,
} from '@potluck/protocol';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { firstSocket } from './firstSocket.ts';
import type { HubSocket, OpenHubSocket } from './hubSocket.ts';
import { reconnectDelayMs } from './reconnectDelay.ts';
import { ToldReasons } from './toldReasons.ts';

/** How long the hub may take for its welcome once the connection is open. */
const welcomeDeadlineMs = 20_000;
/**
 * How long the connection may take until it is open: twice as long with each try, so that a hub that is only busy is reached, and one
 * that stands still behind a load balancer costs little.
 */
const firstOpenMs = 5000;
const longestOpenMs = 20_000;
/** As parts of the time after which the hub says something: how long a silence means that another hub may lead. */
const silentWords = 6 / 5;
/** How often that is looked at. */
const lookWords = 1 / 5;
/** How often a worker says something, and hears something, in the length of a lease. */
const renewalsPerLease = 3;
/** Messages kept while the hub is away; a worker that has more to say than this has lost its sessions anyway. */
const maxHeldMessages = 10_000;

export interface HubConnectionComponents {
  openSocket: OpenHubSocket;
  log: Log;
  /** Asks which hub leads, where several serve one grid; undefined where nobody says it in time. Does not reject. */
  leaderEpoch: () => Promise<number | undefined>;
  /** From [0, 1). Default: Math.random. */
  random?: () => number;
}

/** What the hub says to a worker beside what keeps the connection. */
export type HubRequest = Exclude<FromHubMessage, Welcome | Refusal | Renewed | Probe>;

export interface HubConnectionEvents {
  /** The hub has accepted this worker, for the first time or again. */
  onWelcome(welcome: Welcome): void;
  onMessage(message: HubRequest): void;
  /** A relayed peer slice; see relay.ts in protocol. */
  onRelay(bytes: Uint8Array<ArrayBuffer>): void;
  /** There is no connection, for this reason; the next try comes by itself. */
  onAway(reason: string): void;
  /** The hub went away after a welcome; the connection tries again by itself. */
  onLost(reason: string): void;
  /** The hub went away for longer than the lease: it has given this worker's sessions up. */
  onLeaseEnded(): void;
  /** The hub will never take this worker as it is. The connection has ended. */
  onRefused(refusal: Refusal): void;
}

export interface HubConnectionInit {
  hubUrl: string;
  /** Asked at every connect, since the list of cached blobs changes. */
  hello: () => Promise<Omit<Hello, 'type' | 'protocolVersion'>>;
}

export class HubConnection {
  readonly #components: HubConnectionComponents;
  readonly #init: HubConnectionInit;
  readonly #events: HubConnectionEvents;
  #socket: HubSocket | undefined;
  #welcomed = false;
  #stopped = false;
  #failures = 0;
  /** Since the hub was here last. */
  readonly #toldReasons = new ToldReasons();
  /** Several hubs serve this grid, as the last welcome said. */
  #isOneOfSeveral = false;
  /** Tries in a row whose connection was not open in time. */
  #unopened = 0;
  /** Why the hub does not take this worker at the moment. */
  #refusalReason: string | undefined;
  #leaseMs = 0;
  #sentSinceRenewal = false;
  #heardSinceRenewal = false;
  /** `performance.now()` of the last sign of life, and of the last look at it. */
  #heardAt = 0;
  #lookedAt = 0;
  #held: FromWorkerMessage[] = [];
  #renewal: ReturnType<typeof setInterval> | undefined;
  #looks: ReturnType<typeof setInterval> | undefined;
  /** Of the connection's opening, then of the welcome. */
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #leaseEnd: ReturnType<typeof setTimeout> | undefined;
  /** Messages of the hub that were not understood. */
  refusedMessages = 0;

  constructor(components: HubConnectionComponents, init: HubConnectionInit, events: HubConnectionEvents) {
    this.#components = components;
    this.#init = init;
    this.#events = events;
  }

  get connected(): boolean {
    return this.#welcomed;
  }

  start(): void {
    this.#connect();
  }

  /** Sends now, or after the next welcome. */
  send(message: FromWorkerMessage): void {
    if (this.#welcomed && this.#socket) {
      this.#sentSinceRenewal = true;
      this.#socket.send(JSON.stringify(message));
    } else if (this.#held.length < maxHeldMessages) {
      this.#held.push(message);
    }
  }

  /** @returns false where there is no hub at the moment; nothing is kept */
  sendBinary(bytes: Uint8Array<ArrayBuffer>): boolean {
    if (!this.#welcomed || !this.#socket) return false;
    this.#sentSinceRenewal = true;
    this.#socket.send(bytes);
    return true;
  }

  /** Tries again now instead of later; nothing happens where the hub is there. */
  wake(): void {
    if (this.#stopped || this.#socket) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  /** Says goodbye and ends. */
  stop(reason?: string): void {
    if (this.#stopped) return;
    if (this.#welcomed) this.send({ type: 'goodbye', ...(reason !== undefined && { reason }) });
    this.#end();
  }

  #end(): void {
    this.#stopped = true;
    clearInterval(this.#renewal);
    clearInterval(this.#looks);
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    clearTimeout(this.#leaseEnd);
    this.#welcomed = false;
    this.#socket?.close();
    this.#socket = undefined;
  }

  #connect(): void {
    const url = atHub(this.#init.hubUrl, workerSocketPath);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    // Events of a socket that was given up must not touch its successor.
    const isCurrent = (): boolean => this.#socket === socket;
    const { openSocket } = this.#components;
    const socket = (this.#isOneOfSeveral ? firstSocket(openSocket) : openSocket)(url.href, {
      onOpen: () => {
        if (isCurrent()) this.#giveUpAfter(welcomeDeadlineMs);
        void this.#sayHello(socket);
      },
      onText: (text) => isCurrent() && this.#receive(text),
      onBinary: (bytes) => {
        if (!isCurrent()) return;
        this.#heard();
        if (this.#welcomed) this.#events.onRelay(bytes);
      },
      onClosed: (reason) => isCurrent() && this.#lost(reason),
    });
    this.#socket = socket;
    this.#giveUpAfter(Math.min(longestOpenMs, firstOpenMs * 2 ** this.#unopened), () => this.#unopened++);
  }

  /** @param onOver called when the time is over */
  #giveUpAfter(limitMs: number, onOver?: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      onOver?.();
      this.#giveUp(`no welcome within ${limitMs} ms`);
    }, limitMs);
  }

  async #sayHello(socket: HubSocket): Promise<void> {
    try {
      const hello = await this.#init.hello();
      if (this.#socket === socket) socket.send(JSON.stringify({ type: 'hello', protocolVersion, ...hello }));
    } catch (error) {
      this.#components.log.error({ error: messageOf(error) }, 'could not say hello to the hub');
      socket.close();
    }
  }

  #receive(text: string): void {
    this.#heard();
    let message: FromHubMessage;
    try {
      message = decodeFromHub(text);
    } catch (error) {
      this.refusedMessages++;
      const reason = messageOf(error);
      this.#components.log.warn({ reason }, 'refused a message from the hub');
      if (!this.#welcomed) return;
      const assignmentId = assignmentOfRefused(text);
      if (assignmentId) {
        this.send({ type: 'stage-report', assignmentId, state: 'failed', reason: reason.slice(0, 1000) });
        return;
      }
      const about = sessionOfRefused(text);
      if (about)
        this.send({ type: 'session-failed', ...about, code: 'bad-frame', message: reason.slice(0, 1000) });
      return;
    }
    if (message.type === 'welcome') this.#welcome(message);
    else if (message.type === 'refusal') this.#refused(message);
    else if (message.type === 'probe') this.send({ type: 'renew' });
    else if (message.type === 'renewed') this.#renewed(message);
    else if (this.#welcomed) this.#events.onMessage(message);
  }

  #welcome(welcome: Welcome): void {
    if (this.#welcomed) return;
    this.#welcomed = true;
    this.#failures = 0;
    this.#toldReasons.clear();
    this.#unopened = 0;
    clearTimeout(this.#leaseEnd);
    this.#leaseEnd = undefined;
    clearTimeout(this.#deadline);
    this.#keepLease(welcome.leaseMs);
    const { leaderEpoch, wordEveryMs = welcome.leaseMs / renewalsPerLease } = welcome;
    this.#isOneOfSeveral = leaderEpoch !== undefined;
    if (leaderEpoch !== undefined) this.#lookForOther(leaderEpoch, wordEveryMs);
    this.#events.onWelcome(welcome);
    for (const message of this.#held.splice(0)) this.send(message);
  }

  #renewed({ leaseMs = this.#leaseMs }: Renewed): void {
    if (this.#welcomed && leaseMs !== this.#leaseMs) this.#keepLease(leaseMs);
  }

  #keepLease(leaseMs: number): void {
    this.#leaseMs = leaseMs;
    this.#lookedAt = performance.now();
    clearInterval(this.#renewal);
    this.#renewal = setInterval(() => this.#renew(), Math.max(100, leaseMs / renewalsPerLease));
  }

  /** Leaves this hub where it is silent and another one leads: silence alone says no more than that the hub is busy. */
  #lookForOther(epoch: number, wordEveryMs: number): void {
    const socket = this.#socket;
    const look = async (): Promise<void> => {
      if (performance.now() - this.#heardAt < silentWords * wordEveryMs) return;
      // Again each time: the one before may be waiting at the hub that stands still, behind a load balancer.
      const leading = await this.#components.leaderEpoch();
      if (socket === this.#socket && leading !== undefined && leading > epoch)
        this.#giveUp('this hub is silent, and another one leads');
    };
    clearInterval(this.#looks);
    this.#looks = setInterval(() => void look(), Math.max(100, lookWords * wordEveryMs));
  }

  #heard(): void {
    this.#heardAt = performance.now();
    this.#heardSinceRenewal = true;
  }

  #renew(): void {
    const now = performance.now();
    // After a sleep, or while this thread was busy, messages may be waiting: that silence does not count.
    const wasAway = now - this.#lookedAt > this.#leaseMs;
    this.#lookedAt = now;
    if (!wasAway && now - this.#heardAt > this.#leaseMs) {
      this.#giveUp(`nothing was heard from the hub for ${this.#leaseMs} ms`);
      return;
    }
    if (!this.#sentSinceRenewal || !this.#heardSinceRenewal) this.send({ type: 'renew' });
    this.#sentSinceRenewal = false;
    this.#heardSinceRenewal = false;
  }

  /** Ends a connection whose other end may never notice. */
  #giveUp(reason: string): void {
    const socket = this.#socket;
    this.#lost(reason);
    socket?.close();
  }

  #refused(refusal: Refusal): void {
    if (refusal.retry) {
      this.#refusalReason = refusal.message;
      this.#components.log.warn({ code: refusal.code }, `the hub refuses for now: ${refusal.message}`);
      return; // The hub closes the socket; then it is tried again.
    }
    this.#end();
    this.#events.onRefused(refusal);
  }

  #lost(reason: string): void {
    const wasWelcomed = this.#welcomed;
    this.#welcomed = false;
    this.#socket = undefined;
    clearInterval(this.#renewal);
    clearInterval(this.#looks);
    clearTimeout(this.#deadline);
    if (this.#stopped) return;
    this.#failures++;
    const delayMs = reconnectDelayMs(this.#failures, (this.#components.random ?? Math.random)());
    this.#retry = setTimeout(() => this.#connect(), delayMs);
    this.#events.onAway(this.#refusalReason ?? reason);
    this.#refusalReason = undefined;
    if (wasWelcomed) {
      this.#leaseEnd = setTimeout(() => {
        this.#held = [];
        this.#events.onLeaseEnded();
      }, this.#leaseMs);
      this.#events.onLost(reason);
    }
    if (!this.#toldReasons.add(reason)) return;
    this.#components.log.warn(
      { reason },
      wasWelcomed ? 'lost the hub; trying to reach it again' : 'cannot reach the hub; trying again',
    );
  }
}
