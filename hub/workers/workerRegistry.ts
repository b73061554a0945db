/** The workers that are here, their sockets and their leases. */
import { hubText } from '@potluck/api/hub-texts';
import type {
  FromHubMessage,
  FromWorkerMessage,
  Hello,
  PageGoodbye,
  RefusalCode,
  Sha256,
  WorkerId,
} from '@potluck/protocol';
import type { Logger } from 'pino';
import { InTurns } from '../fairness/inTurns.ts';
import { Doubts, lookEveryMs } from './doubts.ts';
import { leaseLength } from './leaseLength.ts';
import { WorkerLease } from './workerLease.ts';
import { WorkerRecords, type WorkerEvent, type WorkerRecord, type WorkerTable } from './workerTable.ts';

/** A worker's socket, as the registry sees it. */
export interface WorkerSocket {
  sendText(text: string): void;
  /** Sends a binary message; `sent` is called when it left this process, or never will. */
  sendBinary(bytes: Uint8Array, sent: () => void): void;
  /** Stops reading, for backpressure, until `resume` was called as often. */
  pause(): void;
  resume(): void;
  /** True while the hub itself does not read: silence then says nothing about the worker. */
  isPaused(): boolean;
  close(reason: string): void;
}

/** What a worker says after hello, except what the registry deals with by itself. */
export type WorkerMessage = Exclude<
  FromWorkerMessage,
  { type: 'hello' | 'renew' | 'leaving' | 'goodbye' | 'peer-report' | 'presence' | 'load' }
>;

/** What a worker says of a text that goes through an encoder. */
export type EncodingMessage = Extract<WorkerMessage, { type: 'encoded' | 'encode-failed' }>;

/** What a worker says of a session. */
export type SessionMessage = Exclude<WorkerMessage, { type: 'stage-report' } | EncodingMessage>;

/** `left` where it said that it goes, or was told to; `disconnected` where its connection just closed; else `lost`. */
export type HowLeft = 'left' | 'disconnected' | 'lost';

/** Told about every change, in the order in which it happened. */
export interface WorkerListener {
  joined?(worker: WorkerRecord): void;
  left?(worker: WorkerRecord, reason: string, how: HowLeft): void;
  /** It wants nothing new, and goes when its answers have ended. */
  leaving?(worker: WorkerRecord): void;
  /** Its name or a link to a peer is different now. */
  changed?(worker: WorkerRecord): void;
  message?(worker: WorkerRecord, message: WorkerMessage): void;
}

interface Seat {
  socket: WorkerSocket;
  lease: WorkerLease;
  /** `performance.now()` when the hub last said something. */
  saidAt: number;
}

/** How often is looked to whom nothing was said, as a part of the time after which something is. */
const lookPart = 1 / 20;

export interface WorkerRegistryComponents {
  logger: Logger;
  /** True where both workers serve the same pipeline: they report how they reach each other. */
  areNeighbours: (one: WorkerId, other: WorkerId) => boolean;
  /** Who holds all that the worker serves, and could take its place at once. Default: nobody. */
  standIns?: (workerId: WorkerId) => readonly WorkerId[];
  /** True where the worker has a stage, or loads one. Default: none has. */
  isUsed?: (workerId: WorkerId) => boolean;
}

export interface WorkerRegistryInit {
  /** A worker from which nothing was heard for this long is gone, in milliseconds; one of many that has no stage, after some times that. */
  leaseMs: number;
  /** The hub says something at least this often, in milliseconds. Default: it only answers. */
  wordEveryMs?: number;
}

export class WorkerRegistry {
  readonly #init: WorkerRegistryInit;
  readonly #logger: Logger;
  readonly #listeners = new Set<WorkerListener>();
  readonly #seats = new Map<WorkerId, Seat>();
  readonly #areNeighbours: (one: WorkerId, other: WorkerId) => boolean;
  readonly #isUsed: (workerId: WorkerId) => boolean;
  readonly #table = new WorkerRecords();
  readonly #leaseEnds = new InTurns();
  readonly #words = new InTurns();
  /** Says that the hub is there, from the first worker on until the hub stops. */
  #saying: NodeJS.Timeout | undefined;
  readonly #doubts: Doubts;
  /** Looks at the doubts while there are any. */
  #look: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(components: WorkerRegistryComponents, init: WorkerRegistryInit) {
    this.#logger = components.logger;
    this.#areNeighbours = components.areNeighbours;
    this.#isUsed = components.isUsed ?? (() => false);
    this.#init = init;
    this.#doubts = new Doubts({
      heardAt: (workerId) => this.#seats.get(workerId)?.lease.heardAt,
      isPaused: (workerId) => this.#seats.get(workerId)?.socket.isPaused() ?? false,
      probe: (workerId) => this.send(workerId, { type: 'probe' }),
      standIns: components.standIns ?? (() => []),
    });
  }

  /** True once the hub stops: that workers leave says nothing of them. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The hub says something at least this often, in milliseconds; undefined where it only answers. */
  get wordEveryMs(): number | undefined {
    return this.#init.wordEveryMs;
  }

  /** A worker is gone when nothing was heard from it for this long, in milliseconds. */
  leaseMsOf(workerId: WorkerId): number {
    return this.#seats.get(workerId)?.lease.lengthMs ?? this.#init.leaseMs;
  }

  get table(): WorkerTable {
    return this.#table.snapshot;
  }

  /** @returns a function that ends the listening */
  listen(listener: WorkerListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Seats a worker. An instance that comes back replaces its old socket.
   * @param seat.name as people call it
   * @returns false if another instance holds the id
   */
  join(
    hello: Hello,
    socket: WorkerSocket,
    seat: Pick<WorkerRecord, 'name' | 'joinTokenId' | 'address'>,
  ): boolean {
    const present = this.#table.get(hello.workerId);
    if (present && present.instanceId !== hello.instanceId) return false;
    if (present) {
      const replaced = this.#seats.get(present.id);
      this.#remove(present.id, hubText('connected-again', {}), 'lost');
      replaced?.socket.close('replaced by a new connection of the same worker');
    }
    const worker: WorkerRecord = {
      id: hello.workerId,
      instanceId: hello.instanceId,
      ...seat,
      reportedName: hello.name,
      kind: hello.kind,
      version: hello.version,
      device: hello.device,
      ...(hello.machine === undefined ? {} : { machine: hello.machine }),
      memoryBytes: hello.memoryBytes,
      joinedAt: Date.now(),
      load: { busy: 0, usedBytes: { weights: 0, caches: 0 } },
      isLeaving: false,
      cachedBlobs: new Set(hello.cachedBlobs),
      heldStages: hello.heldStages ?? [],
      peers: new Map(),
    };
    const lease: WorkerLease = new WorkerLease(
      {
        isPaused: () => socket.isPaused(),
        ends: this.#leaseEnds,
        over: () => this.#endSilent(worker.id, socket, lease.lengthMs),
      },
      leaseLength(this.#init.leaseMs, this.#seats.size + 1),
    );
    this.#seats.set(worker.id, { socket, lease, saidAt: performance.now() });
    this.#sayWords();
    this.#apply({ type: 'joined', worker });
    this.#logger.info(
      { worker: worker.name, kind: worker.kind, memoryBytes: worker.memoryBytes },
      'worker joined',
    );
    return true;
  }

  /** Tells those who wait that the worker has been welcomed. Called once, after its welcome was sent. */
  announce(workerId: WorkerId): void {
    const worker = this.#table.get(workerId);
    if (worker) this.#tell((listener) => listener.joined?.(worker));
  }

  /** Renews the lease and passes a message on. Called for everything that arrives on the worker's socket. */
  heard(workerId: WorkerId, socket: WorkerSocket, message?: FromWorkerMessage): void {
    const seat = this.#seats.get(workerId);
    const worker = this.#table.get(workerId);
    if (!worker || seat?.socket !== socket) return;
    seat.lease.heard();
    if (!message) return;
    switch (message.type) {
      case 'hello':
        return;
      case 'renew':
        this.#giveLease(workerId, this.#isUsed(workerId) ? 1 : this.#seats.size);
        return;
      case 'leaving':
        this.#apply({ type: 'leaving', workerId });
        this.#changed(workerId);
        this.#tell((listener) => listener.leaving?.(worker));
        return;
      case 'goodbye':
        this.leave(workerId, socket, message.reason ?? hubText('has-left', {}), 'left');
        socket.close('goodbye');
        return;
      case 'presence':
        this.#apply({ type: 'presence-changed', workerId, presence: message.state });
        this.#changed(workerId);
        return;
      case 'load': {
        const { type: _, ...load } = message;
        this.#apply({ type: 'load-changed', workerId, load });
        this.#changed(workerId);
        return;
      }
      case 'peer-report':
        // Links that are known already may still end.
        if (!worker.peers.has(message.peer) && !this.#areNeighbours(workerId, message.peer)) return;
        this.#apply({ type: 'peer-reported', workerId, report: message });
        this.#logger.debug({ worker: worker.name, peer: message.peer, state: message.state }, 'peer link');
        this.#changed(workerId);
        return;
      case 'stage-report':
      case 'session-opened':
      case 'session-progress':
      case 'prompt-scores':
      case 'token':
      case 'session-failed':
      case 'session-closed':
      case 'encoded':
      case 'encode-failed':
        this.#tell((listener) => listener.message?.(worker, message));
    }
  }

  /**
   * Ends the lease of an instance whose page is being left.
   * @returns false if that instance is not here
   */
  pageLeft({ workerId, instanceId, reason }: PageGoodbye): boolean {
    const seat = this.#seats.get(workerId);
    if (!seat || this.#table.get(workerId)?.instanceId !== instanceId) return false;
    this.leave(workerId, seat.socket, reason ?? hubText('page-left', {}), 'left');
    seat.socket.close('goodbye');
    return true;
  }

  /** Ends the lease, if `socket` still holds it. Called when a socket closes. */
  leave(workerId: WorkerId, socket: WorkerSocket, reason: string, how: HowLeft = 'lost'): void {
    if (this.#seats.get(workerId)?.socket === socket) this.#remove(workerId, reason, how);
  }

  /** Somebody waits for this worker: it is asked for a sign of life, and is gone if none comes in time. */
  doubt(workerId: WorkerId): void {
    this.#doubts.ask(workerId, performance.now());
    this.#lookAtDoubts();
  }

  /** Gives a worker that is here another name. */
  rename(workerId: WorkerId, name: string): void {
    this.#apply({ type: 'renamed', workerId, name });
    this.#changed(workerId);
  }

  /** A worker counts as joined with another token: the one that it showed goes by another id. */
  tokenReplaced(workerId: WorkerId, joinTokenId: string): void {
    this.#apply({ type: 'token-replaced', workerId, joinTokenId });
  }

  /** Notes blobs that a worker has now. */
  holds(workerId: WorkerId, blobs: readonly Sha256[]): void {
    this.#apply({ type: 'blobs-cached', workerId, blobs });
  }

  /** Tells a worker to go for good. */
  expel(workerId: WorkerId, code: RefusalCode, reason: string): void {
    const socket = this.#seats.get(workerId)?.socket;
    if (!socket) return;
    const refusal: FromHubMessage = { type: 'refusal', code, message: reason, retry: false };
    socket.sendText(JSON.stringify(refusal));
    this.#remove(workerId, reason, 'left');
    socket.close(code);
  }

  /** @returns false if the worker is not here */
  send(workerId: WorkerId, message: FromHubMessage): boolean {
    const seat = this.#seats.get(workerId);
    if (!seat) return false;
    seat.saidAt = performance.now();
    seat.socket.sendText(JSON.stringify(message));
    // It counts from now on: that it is gone has to show as soon as that of any other.
    if (message.type === 'assign' && seat.lease.lengthMs > this.#init.leaseMs) this.#giveLease(workerId, 1);
    return true;
  }

  /** @param workers among which it is one: the more there are, the longer is the lease */
  #giveLease(workerId: WorkerId, workers: number): void {
    const leaseMs = leaseLength(this.#init.leaseMs, workers);
    this.#seats.get(workerId)?.lease.change(leaseMs);
    this.send(workerId, { type: 'renewed', leaseMs });
  }

  /** Says to each worker that the hub is there, where nothing else was said. */
  #sayWords(): void {
    const { wordEveryMs } = this.#init;
    if (wordEveryMs === undefined || this.#saying) return;
    const everyMs = lookPart * wordEveryMs;
    this.#saying = setInterval(() => {
      const dueAt = performance.now() - wordEveryMs + everyMs;
      for (const [workerId, seat] of this.#seats)
        if (seat.saidAt <= dueAt)
          this.#words.take(() => {
            if (this.#seats.get(workerId) === seat && seat.saidAt <= dueAt)
              this.send(workerId, { type: 'renewed' });
          });
    }, everyMs).unref();
  }

  socketOf(workerId: WorkerId): WorkerSocket | undefined {
    return this.#seats.get(workerId)?.socket;
  }

  /** Ends every lease; called when the hub stops. @param why for the log */
  stop(why: string = hubText('hub-shuts-down', {})): void {
    this.#isStopped = true;
    clearInterval(this.#saying);
    for (const [workerId, { socket }] of [...this.#seats]) {
      socket.sendText(
        JSON.stringify({
          type: 'refusal',
          code: 'shutting-down',
          message: hubText('hub-shuts-down', {}),
          retry: true,
        } satisfies FromHubMessage),
      );
      this.#remove(workerId, why, 'left');
      socket.close('shutting down');
    }
  }

  #lookAtDoubts(): void {
    if (this.#look || !this.#doubts.areOpen) return;
    this.#look = setTimeout(() => {
      this.#look = undefined;
      const silent = this.#doubts.look(performance.now()).flatMap((workerId) => {
        const seat = this.#seats.get(workerId);
        return seat ? [{ workerId, seat, heardAt: seat.lease.heardAt }] : [];
      });
      // Perhaps in a later turn: whoever speaks or comes back until then stays.
      for (const { workerId, seat, heardAt } of silent)
        this.#leaseEnds.take(() => {
          if (this.#seats.get(workerId) !== seat || seat.lease.heardAt !== heardAt) return;
          this.#endSilent(workerId, seat.socket, Math.round(performance.now() - heardAt));
        });
      this.#lookAtDoubts();
    }, lookEveryMs).unref();
  }

  #endSilent(workerId: WorkerId, socket: WorkerSocket, milliseconds: number): void {
    this.leave(workerId, socket, hubText('was-silent', { milliseconds }));
    socket.close('lease ended');
  }

  #remove(workerId: WorkerId, reason: string, how: HowLeft): void {
    const worker = this.#table.get(workerId);
    this.#seats.get(workerId)?.lease.end();
    this.#seats.delete(workerId);
    this.#doubts.forget(workerId);
    this.#apply({ type: 'left', workerId });
    if (!worker) return;
    this.#logger.info({ worker: worker.name, reason }, 'worker left');
    this.#tell((listener) => listener.left?.(worker, reason, how));
  }

  #changed(workerId: WorkerId): void {
    const worker = this.#table.get(workerId);
    if (worker) this.#tell((listener) => listener.changed?.(worker));
  }

  #apply(event: WorkerEvent): void {
    this.#table.apply(event);
  }

  #tell(call: (listener: WorkerListener) => void): void {
    for (const listener of [...this.#listeners]) {
      try {
        call(listener);
      } catch (error) {
        this.#logger.error({ error }, 'a listener of the worker registry failed');
      }
    }
  }
}
