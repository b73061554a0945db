/**
 * Everything between this worker and one peer: frames in and out over the best transport there is. When a transport
 * dies, both ends tell each other over the next one what has arrived (`begin`), and the rest is sent again.
 */
import { ProtocolError, type CandidatePair, type WorkerId } from '@potluck/protocol';
import { TransportClosedError } from '../errors.ts';
import type { Log } from '../log.ts';
import { BandwidthProbe, firstProbeNumber, type BandwidthProbeInit } from './bandwidthProbe.ts';
import { FrameNumbering } from './frameNumbering.ts';
import { FrameSender, type WayOut } from './frameSender.ts';
import { LinkChannel } from './linkChannel.ts';
import {
  decodeLinkMessage,
  encodeLinkMessage,
  isLinkMessage,
  type Begin,
  type Ping,
} from './linkMessages.ts';
import { LinkPings } from './linkPings.ts';
import type { PeerTransport } from './peerTransport.ts';

/** How long the peer may take to say what has arrived; after that, what was under way counts as lost. */
const resumeDeadlineMs = 3_000;

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

export class PeerLink {
  readonly peer: WorkerId;
  readonly #log: Log;
  readonly #events: PeerLinkEvents;
  readonly #numbering = new FrameNumbering();
  readonly #sender = new FrameSender({
    numbering: this.#numbering,
    wayOut: (isBetweenFrames) => this.#wayOut(isBetweenFrames),
  });
  readonly #pings: LinkPings;
  readonly #probe: BandwidthProbe;
  readonly #channels = new Map<PeerTransport, LinkChannel>();
  #active: LinkChannel | undefined;
  /** Why there is no transport, where there was one. */
  #lossReason: string | undefined;
  /** A better channel that is taken as soon as no frame is half sent. */
  #successor: LinkChannel | undefined;
  #waitsForBegin: ReturnType<typeof setTimeout> | undefined;

  constructor({ peer, log, probe }: PeerLinkInit, events: PeerLinkEvents) {
    this.peer = peer;
    this.#log = log;
    this.#events = events;
    this.#probe = new BandwidthProbe({
      ...probe,
      log,
      onMeasured: (bytesPerSecond) => events.onBandwidth(bytesPerSecond),
    });
    this.#pings = new LinkPings({
      send: (ping) =>
        this.#active && this.#hand(this.#active, { ...ping, receivedNext: this.#numbering.receivedNext }),
      onRoundTrip: (milliseconds) => events.onRoundTrip(milliseconds),
      onTick: (shortestMs) => this.#active && this.#probe.tick(this.#active.transport, shortestMs),
      onDead: (unanswered) => this.#loseSilent(unanswered),
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
    const channel = new LinkChannel(transport);
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
      this.#sender.pump();
    }
  }

  /** Sends a frame after those of its session; goes out in this turn of the event loop if the transport has room. */
  send(sessionId: string, frame: Uint8Array<ArrayBuffer>): void {
    this.#probe.disturb();
    this.#sender.add(sessionId, frame);
  }

  /** Resolves when few bytes are queued. */
  drained(): Promise<void> | undefined {
    return this.#sender.drained();
  }

  close(): void {
    this.#pings.stop();
    clearTimeout(this.#waitsForBegin);
    this.#probe.disturb();
    this.#active = undefined;
    const transports = [...this.#channels.keys()];
    this.#channels.clear();
    for (const transport of transports) transport.close();
    this.#sender.clear();
  }

  #turnTo(channel: LinkChannel, lossReason: string | undefined): void {
    const lost = lossReason !== undefined;
    this.#active = channel;
    this.#lossReason = undefined;
    if (this.#successor === channel) this.#successor = undefined;
    if (lost) {
      this.#sender.restart([]);
      this.#waitForBegin();
    }
    const afterEarlierFrames = !lost && this.#numbering.hasSent;
    this.#hand(channel, this.#numbering.begin({ wantsAnswer: lost, afterEarlierFrames }));
    this.#probe.restart();
    this.#pings.restart();
    this.#events.onTransport(channel.transport.kind, lossReason);
    this.#sender.pump();
  }

  #lose(channel: LinkChannel, reason: string): void {
    if (this.#channels.get(channel.transport) !== channel) return;
    this.#channels.delete(channel.transport);
    if (this.#successor === channel) this.#successor = undefined;
    const holds = [...this.#channels.values()].some((other) => other.isHeldAt(this.#numbering.receivedNext));
    for (const other of this.#channels.values()) other.release();
    if (this.#active && this.#active !== channel) {
      // Frames may have been under way there, from here or to here.
      if (holds || !this.#numbering.journal.isEmpty) this.#turnTo(this.#active, reason);
      return;
    }
    this.#active = undefined;
    this.#probe.disturb();
    this.#lossReason = reason;
    this.#pings.stop();
    this.#waitForBegin();
    const others = [...this.#channels.values()];
    const next = others.find(({ transport }) => transport.kind === 'direct') ?? others[0];
    if (next) this.#turnTo(next, reason);
    else this.#events.onTransport(undefined, reason);
  }

  /** The transport takes what is sent, but nothing comes back. */
  #loseSilent(unanswered: number): void {
    if (!this.#active) return;
    const { transport } = this.#active;
    this.#log.warn({ peer: this.peer }, `no answer to ${unanswered} pings`);
    this.#lose(this.#active, `no answer over the ${transport.kind} connection`);
    transport.close();
  }

  /** Nothing may be sent until the peer has said what arrived. */
  #waitForBegin(): void {
    if (this.#waitsForBegin !== undefined) return;
    this.#waitsForBegin = setTimeout(() => {
      this.#giveUp(`no answer within ${resumeDeadlineMs / 1000} s of a lost connection`);
    }, resumeDeadlineMs);
  }

  #stopWaitingForBegin(): void {
    clearTimeout(this.#waitsForBegin);
    this.#waitsForBegin = undefined;
  }

  /** What was under way is lost for good: start a new numbering. */
  #giveUp(reason: string): void {
    this.#stopWaitingForBegin();
    const hadFrames = !this.#numbering.journal.isEmpty || !this.#sender.isEmpty;
    this.#numbering.restart();
    this.#sender.clear();
    if (this.#active) this.#hand(this.#active, this.#numbering.begin());
    if (hadFrames) this.#events.onBroken('peer-unreachable', reason);
  }

  /** The transport in use, once the peer has said what arrived; a better one is turned to between frames. */
  #wayOut(isBetweenFrames: boolean): WayOut | undefined {
    if (!this.#active || this.#waitsForBegin !== undefined) return undefined;
    if (this.#successor && isBetweenFrames) {
      this.#turnTo(this.#successor, undefined);
      return this.#wayOut(isBetweenFrames);
    }
    const { transport } = this.#active;
    return { send: (slice) => this.#trySend(transport, slice), onlyBegun: this.#successor !== undefined };
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

  #hand(channel: LinkChannel, message: Begin | Ping): void {
    void this.#trySend(channel.transport, encodeLinkMessage(message))?.catch(() => undefined);
  }

  #receive(channel: LinkChannel, slice: Uint8Array<ArrayBuffer>): void {
    if (this.#channels.get(channel.transport) !== channel) return;
    try {
      if (isLinkMessage(slice)) this.#receiveLinkMessage(channel, slice);
      else this.#assemble(channel, slice);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#log.warn({ peer: this.peer, reason: error.message }, 'refused a slice of a peer');
      channel.restartAssembly();
      this.#events.onBroken('bad-frame', `a bad slice came: ${error.message}`);
    }
  }

  #assemble(channel: LinkChannel, slice: Uint8Array<ArrayBuffer>): void {
    const frame = channel.take(slice, this.#numbering.receivedNext);
    this.#probe.disturb();
    if (!frame) return;
    const number = new DataView(slice.buffer, slice.byteOffset, 4).getUint32(0, true);
    if (this.#numbering.arrived(number)) this.#events.onFrame(frame, channel.transport.kind === 'relayed');
    for (const other of this.#channels.values()) this.#readHeld(other);
  }

  #readHeld(channel: LinkChannel): void {
    for (const slice of channel.takeHeld(this.#numbering.receivedNext)) this.#receive(channel, slice);
  }

  #receiveLinkMessage(channel: LinkChannel, slice: Uint8Array<ArrayBuffer>): void {
    const message = decodeLinkMessage(slice);
    if (message.kind === 'ping') {
      const { receivedNext } = this.#numbering;
      this.#hand(channel, { kind: 'pong', number: message.number, receivedNext });
    } else if (message.kind === 'begin') {
      this.#receiveBegin(channel, message);
    } else if (message.kind === 'ballast') {
      this.#probe.otherProbes();
    } else if (message.number >= firstProbeNumber) {
      this.#probe.confirm(message.number);
    } else if (channel === this.#active && this.#pings.answered(message.number)) {
      if (this.#waitsForBegin === undefined) this.#numbering.journal.confirm(message.receivedNext);
    }
  }

  #receiveBegin(channel: LinkChannel, begin: Begin): void {
    channel.restartAssembly();
    if (begin.wantsAnswer) channel.release();
    if (this.#numbering.meet(begin)) this.#giveUp('it started anew');
    channel.holdUntil(begin.afterEarlierFrames ? begin.nextFrame : 0);
    this.#readHeld(channel);
    if (begin.wantsAnswer && this.#active && this.#active !== channel) {
      // The peer has lost the transport that this end still uses.
      const dead = this.#active;
      this.#channels.delete(dead.transport);
      dead.transport.close();
      this.#active = undefined;
      this.#turnTo(channel, 'the peer lost the connection');
    } else if (begin.wantsAnswer) {
      this.#hand(channel, this.#numbering.begin());
    }
    if (begin.wantsAnswer || this.#waitsForBegin !== undefined) this.#resend(begin);
  }

  /** Sends again what the peer says it lacks, then what waits. */
  #resend(begin: Begin): void {
    const missing = this.#numbering.takeMissing(begin);
    if (!missing) {
      this.#giveUp('frames were lost with a connection');
      return;
    }
    this.#stopWaitingForBegin();
    this.#sender.restart(missing);
    this.#sender.pump();
  }
}
