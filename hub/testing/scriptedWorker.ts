/** A worker that speaks the real protocol over a real web socket and computes nothing: a script says its tokens. */
import { randomUUID } from 'node:crypto';
import {
  InstanceId,
  WorkerId,
  decodeFromHub,
  protocolVersion,
  workerSocketPath,
  type Assign,
  type CloseSession,
  type FromHubMessage,
  type FromWorkerMessage,
  type Hello,
  type OpenSession,
  type Prompt,
  type SessionId,
} from '@potluck/protocol';
import WebSocket from 'ws';

type HubMessage<T extends FromHubMessage['type']> = Extract<FromHubMessage, { type: T }>;

export interface ScriptedWorkerInit {
  url: string;
  token: string;
  name: string;
  memoryBytes?: number;
  /** What it says it has for caches in each stage. Default 1 GB. */
  cacheBytes?: number;
  hello?: Partial<Hello>;
  /** Answers an assignment; default: ready at once. */
  onAssign?: (worker: ScriptedWorker, message: Assign) => void;
  /** Answers an open-session; default: opened at once. */
  onOpen?: (worker: ScriptedWorker, message: OpenSession) => void;
  /** Answers a close-session; default: closed at once. */
  onClose?: (worker: ScriptedWorker, message: CloseSession) => void;
  /** Called when its lease is another than before. Default: nothing. */
  onLease?: (worker: ScriptedWorker) => void;
  /** Called at the first stage when a prompt comes. Default: nothing. */
  onPrompt?: (worker: ScriptedWorker, message: Prompt) => void;
}

export class ScriptedWorker {
  readonly id: WorkerId;
  readonly init: ScriptedWorkerInit;
  readonly received: FromHubMessage[] = [];
  readonly receivedBinary: Uint8Array[] = [];
  readonly closed: Promise<{ code: number }>;
  readonly #socket: WebSocket;
  readonly #watchers = new Set<() => void>();
  #leaseMs = 0;

  constructor(init: ScriptedWorkerInit) {
    this.init = init;
    this.id = init.hello?.workerId ?? WorkerId.parse(randomUUID());
    this.#socket = new WebSocket(`${init.url.replace('http', 'ws')}${workerSocketPath}`);
    this.#socket.on('open', () => {
      this.send({
        type: 'hello',
        protocolVersion,
        token: init.token,
        workerId: this.id,
        instanceId: InstanceId.parse(randomUUID()),
        name: init.name,
        kind: 'node',
        version: 'test',
        device: { kind: 'cpu', description: 'script', float16: false },
        memoryBytes: init.memoryBytes ?? 1e9,
        cachedBlobs: [],
        ...init.hello,
      });
    });
    this.#socket.on('message', (data, isBinary) => {
      const bytes = data as Buffer;
      if (isBinary) this.receivedBinary.push(new Uint8Array(bytes));
      else this.#receive(decodeFromHub(bytes.toString()));
      for (const check of [...this.#watchers]) check();
    });
    this.#socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.#socket.once('close', (code) => resolve({ code })));
  }

  send(message: FromWorkerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  sendRaw(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  /** Resolves when all that it sent has left this process. */
  flushed(): Promise<void> {
    return new Promise((resolve) => this.#socket.ping(undefined, undefined, () => resolve()));
  }

  /** Dies without a word. */
  kill(): void {
    this.#socket.terminate();
  }

  /** Waits for a message, also one that came before. */
  async message<T extends FromHubMessage['type']>(
    type: T,
    fits: (message: HubMessage<T>) => boolean = () => true,
  ): Promise<HubMessage<T>> {
    return this.until(() =>
      this.received.find(
        (message): message is HubMessage<T> => message.type === type && fits(message as HubMessage<T>),
      ),
    );
  }

  /** Waits until something is there; asked again after every message. */
  async until<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = find();
        if (found === undefined) return;
        this.#watchers.delete(check);
        resolve(found);
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Sends tokens of a session, from `position` on; the last one with `finish`. */
  tokens(
    sessionId: SessionId,
    position: number,
    tokens: number[],
    finish?: 'stop' | 'length',
    epoch = this.epoch,
  ): void {
    for (const [index, token] of tokens.entries()) {
      const isLast = index === tokens.length - 1;
      this.send({
        type: 'token',
        sessionId,
        epoch,
        position: position + index,
        token,
        logprob: -0.5,
        topLogprobs: [{ token, logprob: -0.5 }],
        ...(isLast && finish ? { finish } : {}),
      });
    }
  }

  /** Tells its timings of a session. */
  sessionClosed({ sessionId, assignmentId }: CloseSession): void {
    this.send({ type: 'session-closed', sessionId, assignmentId, timings: scriptedTimings });
  }

  /** Its lease as the hub last told it. */
  get leaseMs(): number {
    return this.#leaseMs;
  }

  /** Epoch of the last assignment. */
  get epoch(): number {
    return this.received.findLast((message) => message.type === 'assign')?.epoch ?? 0;
  }

  #receive(message: FromHubMessage): void {
    this.received.push(message);
    const { onAssign, onOpen, onClose, onPrompt, cacheBytes = 1e9 } = this.init;
    switch (message.type) {
      case 'assign':
        if (onAssign) onAssign(this, message);
        else
          this.send({ type: 'stage-report', assignmentId: message.assignmentId, state: 'ready', cacheBytes });
        return;
      case 'release':
        this.send({ type: 'stage-report', assignmentId: message.assignmentId, state: 'released' });
        return;
      case 'open-session': {
        const { sessionId, assignmentId, epoch } = message;
        if (onOpen) onOpen(this, message);
        else {
          const kept = { length: 0, retainedFrom: 0 };
          this.send({ type: 'session-opened', sessionId, assignmentId, epoch, ...kept });
        }
        return;
      }
      case 'resume-session':
        return;
      case 'prompt':
        onPrompt?.(this, message);
        return;
      case 'close-session':
        if (onClose) onClose(this, message);
        else this.sessionClosed(message);
        return;
      case 'probe':
        this.send({ type: 'renew' });
        return;
      case 'welcome':
        this.#leaseMs = message.leaseMs;
        return;
      case 'renewed':
        if (message.leaseMs === undefined || message.leaseMs === this.#leaseMs) return;
        this.#leaseMs = message.leaseMs;
        this.init.onLease?.(this);
        return;
      case 'drop-caches':
      case 'encode':
      case 'refusal':
    }
  }
}

/** What every scripted stage says about a session. */
export const scriptedTimings = {
  steps: 3,
  tokens: 30,
  queueMs: 1,
  computeMs: 20,
  tokenSteps: 5,
  tokenStepsMs: 30,
  promptStepsMs: 12,
  encodeMs: 0.5,
  decodeMs: 0.25,
  wireMs: 2,
  bytesIn: 100,
  bytesOut: 200,
  relayedFrames: 0,
};
