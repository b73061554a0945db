/**
 * Everything between this worker and one peer: frames in and out over the best transport there is. When a transport
 * dies, both ends tell each other over the next one what has arrived (`begin`), and the rest is sent again.
 */
import { ProtocolError, SliceAssembler, type CandidatePair, type WorkerId } from '@potluck/protocol';
import { uuidv4 } from 'uuidv7';
import { TransportClosedError } from '../errors.ts';
import type { Log } from '../log.ts';
import { BandwidthProbe, firstProbeNumber, type BandwidthProbeInit } from './BandwidthProbe.ts';
import { FrameJournal } from './FrameJournal.ts';
import {
  decodeLinkMessage,
  encodeLinkMessage,
  isLinkMessage,
  type Begin,
  type Ping,
} from './linkMessages.ts';
import type { PeerTransport } from './PeerTransport.ts';
import { ReceivedFrames } from './ReceivedFrames.ts';
import { SliceQueue } from './SliceQueue.ts';

/** How long the peer may take to say what has arrived; after that, what was under way counts as lost. */
const resumeDeadlineMs = 3_000;
const pingEveryMs = 1_000;
/** Pings without a pong after which a transport is dead. */
const maxUnansweredPings = 3;
/** Queued bytes below which a prompt's next chunk is computed. */
const fewQueuedBytes = 4 * 1024 * 1024;
/** Slices held for frames that are late on another transport. */
const maxHeldSlices = 1024;
const unknownGeneration = '00000000-0000-0000-0000-000000000000';

export interface PeerLinkEvents {
  onFrame(frame: Uint8Array, relayed: boolean): void;
  /** The transport that frames leave by; undefined where there is none at the moment. */
  onTransport(kind: PeerTransport['kind'] | undefined, reason: string | undefined): void;
  onRoundTrip(milliseconds: number): void;
  /** Ask `candidatePair` again. */
  onPath(): void;
  onBandwidth(bytesPerSecond: number): void;
  /** Frames that were under way are lost, or the peer sends what is no frame: the peer's sessions can't go on. */
  onBroken(code: 'peer-unreachable' | 'bad-frame', reason: string): void;
}

export interface PeerLinkInit {
  peer: WorkerId;
  log: Log;
  /** When bandwidth is measured. */
  probe: Pick<BandwidthProbeInit, 'waitTicks' | 'mayStart'>;
}

/** A transport with what is half arrived on it. */
interface Channel {
  transport: PeerTransport;
  assembler: SliceAssembler;
  /** Frames below this must arrive (elsewhere) before the slices held here are read. */
  holdUntil: number;
  held: Uint8Array<ArrayBuffer>[];
}

export class PeerLink {
  readonly peer: WorkerId;
  readonly #log: Log;
  readonly #events: PeerLinkEvents;
  readonly #queue = new SliceQueue();
  readonly #journal = new FrameJournal();
  readonly #probe: BandwidthProbe;
  readonly #channels = new Map<PeerTransport, Channel>();
  #active: Channel | undefined;
  /** Why there is no transport, where there was one. */
  #lossReason: string | undefined;
  /** A better channel that is taken as soon as no frame is half sent. */
  #successor: Channel | undefined;
  #generation = uuidv4();
  #nextFrame = 0;
  #peerGeneration = unknownGeneration;
  #received = new ReceivedFrames();
  #pumping = false;
  #waitsForBegin: ReturnType<typeof setTimeout> | undefined;
  #pings: ReturnType<typeof setInterval> | undefined;
  #pingNumber = 0;
  #pingSentAt = 0;
  /** Shortest over the transport in use. */
  #roundTripMs: number | undefined;
  #unansweredPings = 0;
  #drainWaiters: (() => void)[] = [];

  constructor({ peer, log, probe }: PeerLinkInit, events: PeerLinkEvents) {
    this.peer = peer;
    this.#log = log;
    this.#events = events;
    this.#probe = new BandwidthProbe({
      ...probe,
      log,
      onMeasured: (bytesPerSecond) => events.onBandwidth(bytesPerSecond),
    });
  }

  /** The transport that frames leave by. */
  get kind(): PeerTransport['kind'] | undefined {
    return this.#active?.transport.kind;
  }

  /** The addresses in use; undefined where there are none, or the host does not say. */
  async candidatePair(): Promise<CandidatePair | undefined> {
    return this.#active?.transport.candidatePair?.();
  }

  /** Takes one more transport: the first one at once, a direct one in place of a relayed one. */
  add(transport: PeerTransport): void {
    const channel: Channel = { transport, assembler: new SliceAssembler(), holdUntil: 0, held: [] };
    this.#channels.set(transport, channel);
    transport.listen({
      onSlice: (slice) => this.#receive(channel, slice),
      onClosed: (reason) => this.#lose(channel, reason),
      onPath: () => this.#active === channel && this.#events.onPath(),
    });
    if (this.#channels.get(transport) !== channel) return;
    if (!this.#active) this.#turnTo(channel, this.#lossReason);
    else if (transport.kind === 'direct' && this.#active.transport.kind === 'relayed') {
      this.#successor = channel;
      this.#pump();
    }
  }

  /** Sends a frame after those of its session; goes out in this turn of the event loop if the transport has room. */
  send(sessionId: string, frame: Uint8Array<ArrayBuffer>): void {
    this.#probe.disturb();
    this.#queue.add(sessionId, frame);
    this.#pump();
  }

  /** Resolves when few bytes are queued. */
  drained(): Promise<void> | undefined {
    if (this.#queue.queuedBytes <= fewQueuedBytes) return undefined;
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  close(): void {
    clearInterval(this.#pings);
    clearTimeout(this.#waitsForBegin);
    this.#probe.disturb();
    this.#active = undefined;
    const transports = [...this.#channels.keys()];
    this.#channels.clear();
    for (const transport of transports) transport.close();
    this.#queue.clear();
    this.#wakeDrainWaiters();
  }

  #turnTo(channel: Channel, lossReason: string | undefined): void {
    const lost = lossReason !== undefined;
    this.#active = channel;
    this.#lossReason = undefined;
    if (this.#successor === channel) this.#successor = undefined;
    if (lost) {
      this.#queue.restart([]);
      this.#waitForBegin();
    }
    this.#hand(channel, {
      ...this.#begin(),
      wantsAnswer: lost,
      afterEarlierFrames: !lost && this.#nextFrame > 0,
    });
    this.#unansweredPings = 0;
    this.#roundTripMs = undefined;
    this.#probe.restart();
    clearInterval(this.#pings);
    this.#pings = setInterval(() => this.#ping(), pingEveryMs);
    this.#ping();
    this.#events.onTransport(channel.transport.kind, lossReason);
    this.#pump();
  }

  #lose(channel: Channel, reason: string): void {
    if (this.#channels.get(channel.transport) !== channel) return;
    this.#channels.delete(channel.transport);
    if (this.#successor === channel) this.#successor = undefined;
    const holds = [...this.#channels.values()].some(({ holdUntil }) => holdUntil > this.#received.next);
    for (const other of this.#channels.values()) {
      other.holdUntil = 0;
      other.held = [];
    }
    if (this.#active && this.#active !== channel) {
      // Frames may have been under way there, from here or to here.
      if (holds || !this.#journal.isEmpty) this.#turnTo(this.#active, reason);
      return;
    }
    this.#active = undefined;
    this.#probe.disturb();
    this.#lossReason = reason;
    clearInterval(this.#pings);
    this.#waitForBegin();
    const others = [...this.#channels.values()];
    const next = others.find(({ transport }) => transport.kind === 'direct') ?? others[0];
    if (next) this.#turnTo(next, reason);
    else this.#events.onTransport(undefined, reason);
  }

  /** Nothing may be sent until the peer has said what arrived. */
  #waitForBegin(): void {
    if (this.#waitsForBegin !== undefined) return;
    this.#waitsForBegin = setTimeout(() => {
      this.#giveUp(`worker ${this.peer} did not answer within ${resumeDeadlineMs} ms of a lost connection`);
    }, resumeDeadlineMs);
  }

  #stopWaitingForBegin(): void {
    clearTimeout(this.#waitsForBegin);
    this.#waitsForBegin = undefined;
  }

  /** What was under way is lost for good: start a new numbering. */
  #giveUp(reason: string): void {
    this.#stopWaitingForBegin();
    const hadFrames = !this.#journal.isEmpty || this.#queue.queuedBytes > 0;
    this.#journal.clear();
    this.#queue.clear();
    this.#wakeDrainWaiters();
    this.#generation = uuidv4();
    this.#nextFrame = 0;
    if (this.#active) this.#hand(this.#active, this.#begin());
    if (hadFrames) this.#events.onBroken('peer-unreachable', reason);
  }

  #begin(): Begin {
    return {
      kind: 'begin',
      nextFrame: this.#nextFrame,
      wantsAnswer: false,
      afterEarlierFrames: false,
      generation: this.#generation,
      peerGeneration: this.#peerGeneration,
      received: this.#received.summary(),
    };
  }

  #pump(): void {
    if (this.#pumping) return;
    while (this.#active && this.#waitsForBegin === undefined) {
      const successor = this.#successor;
      if (successor && !this.#queue.hasBegun) {
        this.#turnTo(successor, undefined);
        continue;
      }
      const { transport } = this.#active;
      const next = this.#queue.next(() => this.#nextFrame++, successor !== undefined);
      if (!next) break;
      // In the journal before it is handed over: if handing it over fails, it is sent again.
      const { sessionId, bytes, number = 0 } = next.frame;
      if (next.last) this.#journal.add({ number, sessionId, bytes });
      const wait = this.#trySend(transport, next.slice);
      if (wait) {
        this.#pumping = true;
        wait
          .catch(() => undefined)
          .finally(() => {
            this.#pumping = false;
            this.#pump();
          });
        break;
      }
    }
    if (this.#queue.queuedBytes <= fewQueuedBytes) this.#wakeDrainWaiters();
  }

  #trySend(transport: PeerTransport, slice: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    try {
      return transport.send(slice);
    } catch (error) {
      if (!(error instanceof TransportClosedError)) throw error;
      const channel = this.#channels.get(transport);
      if (channel) this.#lose(channel, error.message);
      return undefined;
    }
  }

  #hand(channel: Channel, message: Begin | Ping): void {
    void this.#trySend(channel.transport, encodeLinkMessage(message))?.catch(() => undefined);
  }

  #wakeDrainWaiters(): void {
    for (const wake of this.#drainWaiters.splice(0)) wake();
  }

  #receive(channel: Channel, slice: Uint8Array<ArrayBuffer>): void {
    if (this.#channels.get(channel.transport) !== channel) return;
    try {
      if (isLinkMessage(slice)) this.#receiveLinkMessage(channel, slice);
      else if (this.#received.next < channel.holdUntil) hold(channel, slice);
      else this.#assemble(channel, slice);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log.warn({ peer: this.peer, reason: error.message }, 'refused a slice of a peer');
      channel.assembler = new SliceAssembler();
      this.#events.onBroken('bad-frame', `worker ${this.peer} sent a bad slice: ${error.message}`);
    }
  }

  #assemble(channel: Channel, slice: Uint8Array<ArrayBuffer>): void {
    const frame = channel.assembler.add(slice);
    this.#probe.disturb();
    if (!frame) return;
    const number = new DataView(slice.buffer, slice.byteOffset, 4).getUint32(0, true);
    const isNew = this.#received.add(number);
    if (isNew) this.#events.onFrame(frame, channel.transport.kind === 'relayed');
    for (const other of this.#channels.values()) this.#readHeld(other);
  }

  #readHeld(channel: Channel): void {
    if (channel.held.length === 0 || this.#received.next < channel.holdUntil) return;
    for (const slice of channel.held.splice(0)) this.#receive(channel, slice);
  }

  #receiveLinkMessage(channel: Channel, slice: Uint8Array<ArrayBuffer>): void {
    const message = decodeLinkMessage(slice);
    if (message.kind === 'ping') {
      this.#hand(channel, { kind: 'pong', number: message.number, receivedNext: this.#received.next });
    } else if (message.kind === 'begin') {
      this.#receiveBegin(channel, message);
    } else if (message.kind === 'ballast') {
      this.#probe.otherProbes();
    } else if (message.number >= firstProbeNumber) {
      this.#probe.confirm(message.number);
    } else if (message.number === this.#pingNumber && channel === this.#active) {
      this.#unansweredPings = 0;
      if (this.#waitsForBegin === undefined) this.#journal.confirm(message.receivedNext);
      const milliseconds = performance.now() - this.#pingSentAt;
      this.#roundTripMs = Math.min(this.#roundTripMs ?? Infinity, milliseconds);
      this.#events.onRoundTrip(milliseconds);
    }
  }

  #receiveBegin(channel: Channel, begin: Begin): void {
    channel.assembler = new SliceAssembler();
    if (begin.wantsAnswer) channel.held = [];
    if (begin.generation !== this.#peerGeneration) {
      const restarted = this.#peerGeneration !== unknownGeneration;
      this.#peerGeneration = begin.generation;
      this.#received = new ReceivedFrames();
      if (restarted && begin.peerGeneration === unknownGeneration) {
        this.#giveUp(`worker ${this.peer} started anew`);
      }
    }
    channel.holdUntil = begin.afterEarlierFrames ? begin.nextFrame : 0;
    this.#readHeld(channel);
    if (begin.wantsAnswer && this.#active && this.#active !== channel) {
      // The peer has lost the transport that this end still uses.
      const dead = this.#active;
      this.#channels.delete(dead.transport);
      dead.transport.close();
      this.#active = undefined;
      this.#turnTo(channel, 'the peer lost the connection');
    } else if (begin.wantsAnswer) {
      this.#hand(channel, this.#begin());
    }
    if (begin.wantsAnswer || this.#waitsForBegin !== undefined) this.#resend(begin);
  }

  /** Sends again what the peer says it lacks, then what waits. */
  #resend(begin: Begin): void {
    const knowsUs = begin.peerGeneration === this.#generation;
    const missing = this.#journal.takeMissing(knowsUs ? begin.received : { next: 0, beyond: [] });
    if (!missing) {
      this.#giveUp(`frames for worker ${this.peer} were lost with a connection`);
      return;
    }
    this.#stopWaitingForBegin();
    this.#queue.restart(missing);
    this.#pump();
  }

  #ping(): void {
    if (!this.#active) return;
    if (this.#unansweredPings >= maxUnansweredPings) {
      const { transport } = this.#active;
      this.#log.warn({ peer: this.peer }, `no answer to ${maxUnansweredPings} pings`);
      this.#lose(this.#active, `no answer over the ${transport.kind} connection`);
      transport.close();
      return;
    }
    this.#unansweredPings++;
    this.#pingNumber = (this.#pingNumber + 1) % firstProbeNumber;
    this.#pingSentAt = performance.now();
    this.#hand(this.#active, {
      kind: 'ping',
      number: this.#pingNumber,
      receivedNext: this.#received.next,
    });
    this.#probe.tick(this.#active.transport, this.#roundTripMs);
  }
}

function hold(channel: Channel, slice: Uint8Array<ArrayBuffer>): void {
  if (channel.held.length >= maxHeldSlices) {
    channel.held = [];
    channel.holdUntil = 0;
    throw new ProtocolError('too much is sent ahead of frames that do not come');
  }
  channel.held.push(slice);
}
