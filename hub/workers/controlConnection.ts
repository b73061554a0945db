/** One worker's control socket from its first byte: hello, checks, welcome, then messages and relayed slices. */
import type { NewDevices } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import {
  ProtocolError,
  decodeFromWorker,
  protocolVersion,
  type FromHubMessage,
  type FromWorkerMessage,
  type Hello,
  type HubId,
  type RefusalCode,
  type Welcome,
  type WorkerId,
} from '@potluck/protocol';
import { messageOf } from '../errors/messageOf.ts';
import type { InboxReader } from './inbox.ts';
import type { NodeBook } from './nodeBook.ts';
import type { RefusalLog } from './refusalLog.ts';
import type { Relay } from './relay.ts';
import type { Strangers } from './strangers.ts';
import type { HowLeft, WorkerRegistry, WorkerSocket } from './workerRegistry.ts';

export interface ControlComponents {
  registry: WorkerRegistry;
  relay: Relay;
  refusals: Pick<RefusalLog, 'note'>;
  /** Makes the token with which this worker may use signalling. */
  issueSignallingToken(workerId: WorkerId): string;
  /** Id of the join token that lets this worker in; undefined if there is none, or it is over. */
  joinTokenId(hello: Hello): string | undefined;
  /** What the operator decided about nodes. */
  nodes: Pick<NodeBook, 'of' | 'isKnown' | 'mustWait'>;
  /** What becomes of a device. @param joinTokenId that it showed */
  admit(device: { isKnown: boolean; joinTokenId: string }): NewDevices;
  strangers: Strangers;
}

/** Who opened a socket, as far as its request tells. */
export interface Opener {
  address: string;
  /** Host header of the request: how the worker reaches the hub. */
  hubHost: string | undefined;
}

export interface ControlInit {
  hubId: HubId;
  /** See `Welcome`. */
  leaderEpoch?: number | undefined;
  signalling: { path: string; key: string };
  /** For a worker that reaches the hub at this host (and port). */
  iceServers: (hubHost: string | undefined) => Welcome['iceServers'];
  forceRelay: boolean;
  /** Longest time between opening a socket and hello, in milliseconds. Default 10 000. */
  helloTimeoutMs?: number;
}

const defaultHelloTimeoutMs = 10_000;
const maxReasonCharacters = 1900;
/** Of a budget of 2,000 a second: workers send some reports a second at most, so 50 are plenty. */
const reportCost = 40;
/** A message of a session costs one more for each of these. */
const charactersPerCost = 4096;

export class ControlConnection implements InboxReader {
  readonly #components: ControlComponents;
  readonly #init: ControlInit;
  readonly #socket: WorkerSocket;
  readonly #hubHost: string | undefined;
  readonly #address: string;
  readonly #helloTimer: NodeJS.Timeout;
  readonly #leaveStrangers: (() => void) | undefined;
  #workerId: WorkerId | undefined;
  #closed = false;

  constructor(
    components: ControlComponents,
    init: ControlInit,
    socket: WorkerSocket,
    { address, hubHost }: Opener,
  ) {
    this.#components = components;
    this.#init = init;
    this.#socket = socket;
    this.#hubHost = hubHost;
    this.#address = address;
    const timeout = init.helloTimeoutMs ?? defaultHelloTimeoutMs;
    this.#helloTimer = setTimeout(() => {
      this.#refuse('bad-message', `no hello came within ${timeout} ms`, true);
    }, timeout);
    this.#leaveStrangers = components.strangers.enter(address);
    if (!this.#leaveStrangers) {
      this.#refuse('bad-message', 'too many connections from this address have not said hello yet', true);
    }
  }

  /** Takes a message: text, or a slice for a peer. One that is not understood ends this socket only. */
  receive(message: string | Uint8Array): number {
    if (this.#closed) return 0;
    if (typeof message === 'string') return this.#receiveText(message);
    this.#receiveBinary(message);
    return 1;
  }

  /** @returns what the message cost */
  #receiveText(text: string): number {
    try {
      const message = decodeFromWorker(text);
      if (this.#workerId !== undefined) {
        if (message.type === 'hello') throw new ProtocolError('hello came twice');
        this.#components.registry.heard(this.#workerId, this.#socket, message);
        return costOf(message) + Math.floor(text.length / charactersPerCost);
      }
      if (message.type !== 'hello')
        throw new ProtocolError(`the first message is hello, not ${message.type}`);
      this.#greet(message);
      return reportCost;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse('bad-message', error.message, this.#workerId !== undefined);
      return reportCost;
    }
  }

  #receiveBinary(bytes: Uint8Array): void {
    try {
      if (this.#workerId === undefined) throw new ProtocolError('the first message is hello, not a slice');
      this.#components.registry.heard(this.#workerId, this.#socket);
      this.#components.relay.forward(this.#workerId, this.#socket, bytes);
    } catch (error) {
      this.#refuse('bad-message', messageOf(error), this.#workerId !== undefined);
    }
  }

  /** The socket closed, from whichever side. */
  ended(reason: string): void {
    this.#leaveStrangers?.();
    if (reason === '') this.#end(hubText('connection-closed', {}), 'disconnected');
    else this.#end(reason, 'lost');
  }

  #end(reason: string, how: HowLeft): void {
    this.#closed = true;
    clearTimeout(this.#helloTimer);
    if (this.#workerId === undefined) return;
    this.#components.registry.leave(this.#workerId, this.#socket, reason, how);
  }

  #greet(hello: Hello): void {
    const { registry, nodes } = this.#components;
    const joinTokenId = this.#components.joinTokenId(hello);
    if (joinTokenId === undefined) {
      this.#refuse('bad-token', hubText('wrong-token', {}), false);
      return;
    }
    const { name, bannedBecause } = nodes.of(hello.workerId);
    if (bannedBecause !== null) {
      this.#refuse('evicted', `this node may not join: ${bannedBecause}`, false);
      return;
    }
    if (hello.protocolVersion !== protocolVersion) {
      const isWorkerOlder = hello.protocolVersion < protocolVersion;
      const older =
        hello.kind === 'browser'
          ? 'reload this page'
          : "start the worker again with the command that the hub's page of nodes shows: it fetches the hub's own version";
      const remedy = isWorkerOlder ? older : 'update the hub';
      this.#refuse(
        'version-mismatch',
        `the hub speaks protocol ${protocolVersion}, the worker ${hello.protocolVersion}; ${remedy}`,
        false,
      );
      return;
    }
    const admission = this.#components.admit({ isKnown: nodes.isKnown(hello.workerId), joinTokenId });
    if (admission === 'refuse') {
      this.#refuse('no-new-devices', hubText('takes-no-devices', {}), false);
      return;
    }
    clearTimeout(this.#helloTimer);
    if (admission === 'ask') nodes.mustWait(hello.workerId);
    const seat = { name: name ?? hello.name, joinTokenId, address: this.#address };
    if (!registry.join(hello, this.#socket, seat)) {
      this.#refuse(
        'worker-id-taken',
        `another running worker has the id ${hello.workerId}; give this one a data folder of its own`,
        true,
      );
      return;
    }
    this.#workerId = hello.workerId;
    this.#leaveStrangers?.();
    this.#send({
      type: 'welcome',
      protocolVersion,
      hubId: this.#init.hubId,
      leaseMs: registry.leaseMsOf(hello.workerId),
      wordEveryMs: registry.wordEveryMs,
      signalling: {
        ...this.#init.signalling,
        token: this.#components.issueSignallingToken(hello.workerId),
      },
      iceServers: this.#init.iceServers(this.#hubHost),
      forceRelay: this.#init.forceRelay,
      leaderEpoch: this.#init.leaderEpoch,
      ...(nodes.of(hello.workerId).mode === 'waiting' && { waitsForApproval: true }),
    });
    registry.announce(hello.workerId);
  }

  #refuse(code: RefusalCode, reason: string, retry: boolean): void {
    const message = reason.slice(0, maxReasonCharacters);
    this.#components.refusals.note(code, { worker: this.#workerId, reason: message });
    this.#send({ type: 'refusal', code, message, retry });
    // It counts as a stranger's until it is closed at both ends.
    this.#end(message, 'lost');
    this.#socket.close(code);
  }

  #send(message: FromHubMessage): void {
    this.#socket.sendText(JSON.stringify(message));
  }
}

/** A worker sends as many messages of sessions as it computes tokens, and few others. */
function costOf({ type }: FromWorkerMessage): number {
  switch (type) {
    case 'session-opened':
    case 'session-progress':
    case 'prompt-scores':
    case 'token':
    case 'session-failed':
    case 'session-closed':
    case 'encoded':
    case 'encode-failed':
      return 1;
    case 'hello':
    case 'renew':
    case 'stage-report':
    case 'peer-report':
    case 'presence':
    case 'load':
    case 'leaving':
    case 'goodbye':
      return reportCost;
  }
}
