/** A worker of this process that can be lost in every way that one on another machine can. */
import { randomUUID } from 'node:crypto';
import { InstanceId, WorkerId } from '@potluck/protocol';
import {
  memoryBlobStore,
  silentLog,
  startWorkerAgent,
  StorageFullError,
  webSocketOpener,
  type BlobStore,
  type HubSocket,
  type WebSocketClass,
  type WorkerAgent,
} from '@potluck/worker';
import WebSocket from 'ws';
import { shapedStages, type ShapedStages, type ShapedStagesInit } from './shapedStages.ts';
import { inOrder, type Switchboard } from './switchboard.ts';

export interface FrailWorkerInit extends Omit<ShapedStagesInit, 'awake'> {
  hubUrl: string;
  token: string;
  name: string;
  switchboard: Switchboard;
  /** True where it has no direct connections, so that the hub relays all that it sends. */
  isRelayed: boolean;
}

export class FrailWorker {
  readonly id = WorkerId.parse(randomUUID());
  readonly name: string;
  readonly #init: FrailWorkerInit;
  readonly #store: BlobStore;
  #agent: WorkerAgent | undefined;
  #stages: ShapedStages;
  #sleep: PromiseWithResolvers<void> | undefined;
  /** Of the process that runs now; what an earlier one left behind does nothing. */
  #life = { isOver: true, sockets: new Set<WebSocket>() };
  #isDiskFull = false;

  constructor(init: FrailWorkerInit) {
    this.#init = init;
    this.name = init.name;
    this.#store = this.#openStore();
    this.#stages = this.#openStages();
    this.start();
  }

  get isUp(): boolean {
    return !this.#life.isOver;
  }

  get isAsleep(): boolean {
    return this.#sleep !== undefined;
  }

  awake(): Promise<void> | undefined {
    return this.#sleep?.promise;
  }

  /** Its process starts (again), with the id and the files that it had. */
  start(): void {
    if (!this.#life.isOver) return;
    this.#life = { isOver: false, sockets: new Set() };
    this.#stages = this.#openStages();
    const { hubUrl, token, name, switchboard, isRelayed } = this.#init;
    this.#agent = startWorkerAgent(
      {
        openSocket: this.#opener(),
        fetch,
        blobStore: this.#store,
        stageHost: this.#stages,
        connector: isRelayed ? undefined : switchboard.connector(this.id, this),
        log: silentLog,
      },
      {
        ...{ hubUrl, token, name, workerId: this.id, instanceId: InstanceId.parse(randomUUID()) },
        ...{ kind: 'node', version: 'test', memoryBytes: 1e9, directDeadlineMs: 300 },
        device: { kind: 'cpu', description: 'none', float16: false },
      },
    );
    this.#agent.finished.catch(() => undefined);
  }

  /** Its process ends without a word. */
  kill(): void {
    if (this.#life.isOver) return;
    this.#life.isOver = true;
    for (const socket of this.#life.sockets) socket.terminate();
    this.#init.switchboard.hangUp(this.id);
    this.wake();
    void this.#agent?.stop();
  }

  /** It ends as a page does that is closed: with a goodbye. */
  async close(): Promise<void> {
    if (this.#life.isOver) return;
    this.wake();
    await this.#agent?.stop('the tab was closed');
    this.#life.isOver = true;
    this.#init.switchboard.hangUp(this.id);
  }

  /** Does nothing from now on, and notices nothing: a stopped process, a lid that is closed. */
  sleep(): void {
    if (this.#life.isOver) return;
    this.#sleep ??= Promise.withResolvers<void>();
    for (const socket of this.#life.sockets) if (socket.readyState === WebSocket.OPEN) socket.pause();
  }

  wake(): void {
    this.#sleep?.resolve();
    this.#sleep = undefined;
    for (const socket of this.#life.sockets) if (socket.readyState === WebSocket.OPEN) socket.resume();
  }

  /** Its connection to the hub breaks, and with it what the hub relays; the process goes on. */
  disconnect(): void {
    for (const socket of this.#life.sockets) socket.terminate();
  }

  /** The thread that computes its stages ends. */
  crash(): void {
    this.#stages.crash();
  }

  /** So many of its next loads fail. */
  failLoads(count: number): void {
    this.#stages.failingLoads = count;
  }

  /** Nothing more can be kept there, and what was kept is gone. */
  async fillDisk(): Promise<void> {
    for (const name of await this.#store.list()) await this.#store.remove(name);
    this.#isDiskFull = true;
  }

  emptyDisk(): void {
    this.#isDiskFull = false;
  }

  #openStages(): ShapedStages {
    const { stepMs, isShaped } = this.#init;
    return shapedStages({ stepMs, isShaped, awake: () => this.awake() });
  }

  #openStore(): BlobStore {
    const store = memoryBlobStore();
    return {
      ...store,
      openPartial: async (name) => {
        if (this.#isDiskFull) throw new StorageFullError('no space left on device');
        return store.openPartial(name);
      },
    };
  }

  #opener(): (...args: Parameters<ReturnType<typeof webSocketOpener>>) => HubSocket {
    const life = this.#life;
    class Socket extends WebSocket {
      constructor(url: string) {
        super(url);
        life.sockets.add(this);
        this.on('close', () => life.sockets.delete(this));
      }
    }
    const open = webSocketOpener(Socket as unknown as WebSocketClass);
    return (url, events) => {
      const inTurn = inOrder(this);
      const alive = (act: () => void) => (): void => {
        if (!life.isOver) act();
      };
      const socket = open(url, {
        onOpen: () => inTurn(alive(() => events.onOpen())),
        onText: (text) => inTurn(alive(() => events.onText(text))),
        onBinary: (bytes) => inTurn(alive(() => events.onBinary(bytes))),
        onClosed: (reason) => inTurn(alive(() => events.onClosed(reason))),
      });
      return {
        send: (data) => inTurn(alive(() => socket.send(data))),
        close: () => socket.close(),
      };
    };
  }
}
