/**
 * How many bytes a second a link carries: measured with bursts of random bytes while nothing else goes over it. Rounds
 * grow as long as they are quick, so that a fast link is filled and a slow one is not blocked; any frame ends the probe.
 */
import { maxSliceBytes } from '@potluck/protocol';
import { deferred, type Deferred } from '../deferred.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../messageOf.ts';
import { ballastHeadBytes, encodeBallast, encodeLinkMessage } from './linkMessages.ts';
import type { PeerTransport } from './peerTransport.ts';

/** Bytes of the first round: little more than the ten packets that SCTP sends before it hears anything. */
const firstRoundBytes = 16 * 1024;
/** Bytes of the longest round; the relay is shared with everybody, and its bytes are the hub's. */
const longestRoundBytes = { direct: 1024 * 1024, relayed: 256 * 1024 };
const growth = 4;
const maxRounds = 6;
/** All rounds together take about this long, and some round trips. */
const budgetMs = 300;
const budgetRoundTrips = 4;
/** Of a round's time, the part that counts at least: a round trip that was measured too long makes no wonder of a link. */
const leastShare = 0.5;
/** The same for guessing how long a longer round would take. */
const leastShareOfGuess = 0.1;
const repeatAfterMs = 10 * 60_000;
/** A probe does not start while the other end's is under way. */
const yieldMs = 1_000;
/** Pings with numbers from here on confirm a round; a link's own are below, the relay's marks above. */
export const firstProbeNumber = 0x40000000;
const lastProbeNumber = 0x7fffffff;

export interface BandwidthProbeInit {
  /** Ticks after which the first probe may start: different at both ends, so that they do not share the link. */
  waitTicks: number;
  /** False while sessions are open: their frames must not wait behind a burst. */
  mayStart: () => boolean;
  onMeasured: (bytesPerSecond: number) => void;
  log: Log;
}

/** A probe that is under way. */
interface Running {
  transport: PeerTransport;
  /** Set while a round waits to be confirmed. */
  waiting: { number: number; confirmed: Deferred<void> } | undefined;
}

export class BandwidthProbe {
  readonly #init: BandwidthProbeInit;
  #running: Running | undefined;
  #ticks = 0;
  #nextAt = 0;
  #otherProbedAt = -Infinity;
  #number = firstProbeNumber;

  constructor(init: BandwidthProbeInit) {
    this.#init = init;
  }

  /** Called about once a second. Starts a probe when one is due. @param roundTripMs undefined until it was measured */
  tick(transport: PeerTransport, roundTripMs: number | undefined): void {
    this.#ticks++;
    const now = performance.now();
    const isDue = this.#ticks > this.#init.waitTicks && now >= this.#nextAt;
    if (!isDue || roundTripMs === undefined || this.#running) return;
    if (now - this.#otherProbedAt < yieldMs || !this.#init.mayStart()) return;
    const running: Running = { transport, waiting: undefined };
    this.#running = running;
    this.#measure(running, roundTripMs)
      .then((bytesPerSecond) => {
        if (this.#running !== running) return;
        this.#nextAt = performance.now() + repeatAfterMs;
        this.#init.onMeasured(bytesPerSecond);
      })
      .catch((error: unknown) => this.#init.log.debug({ reason: messageOf(error) }, 'a probe was cut short'))
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
  }

  /** The peer has taken everything up to this ping. */
  confirm(number: number): void {
    const waiting = this.#running?.waiting;
    if (waiting?.number === number) waiting.confirmed.resolve();
  }

  /** The other end is measuring. */
  otherProbes(): void {
    this.#otherProbedAt = performance.now();
  }

  /** Something else goes over the link: gives up, and tries again later. */
  disturb(): void {
    const running = this.#running;
    this.#running = undefined;
    running?.waiting?.confirmed.reject(new Error('the link is needed'));
  }

  /** Another transport is in use: what was measured is no longer true. */
  restart(): void {
    this.disturb();
    this.#ticks = 0;
    this.#nextAt = 0;
  }

  async #measure(running: Running, knownRoundTripMs: number): Promise<number> {
    const longest = longestRoundBytes[running.transport.kind];
    const started = performance.now();
    await this.#round(running, 0);
    const roundTripMs = Math.min(knownRoundTripMs, performance.now() - started);
    let best = { bytes: 0, perSecond: 0 };
    let bytes = firstRoundBytes;
    for (let round = 0; round < maxRounds && best.bytes < longest; round++) {
      const begun = performance.now();
      await this.#round(running, bytes);
      const tookMs = Math.max(0.01, performance.now() - begun);
      // The last byte's way there and its confirmation's way back are not the link's width.
      const carryingMs = Math.max(tookMs - roundTripMs, leastShare * tookMs);
      const perSecond = Math.round((1000 * bytes) / carryingMs);
      best = { bytes, perSecond: bytes > best.bytes ? perSecond : Math.max(best.perSecond, perSecond) };
      const leftMs = budgetMs + budgetRoundTrips * roundTripMs - (performance.now() - started);
      if (leftMs <= 0) break;
      const longerMs = growth * Math.max(tookMs - roundTripMs, leastShareOfGuess * tookMs);
      if (longerMs + roundTripMs <= leftMs) bytes = Math.min(growth * bytes, longest);
    }
    return best.perSecond;
  }

  /** Resolves when the peer has all bytes of a round. */
  async #round(running: Running, bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= maxSliceBytes) {
      const length = Math.max(ballastHeadBytes, Math.min(left, maxSliceBytes));
      await running.transport.send(encodeBallast(length));
      if (this.#running !== running) throw new Error('the link is needed');
    }
    this.#number = this.#number === lastProbeNumber ? firstProbeNumber : this.#number + 1;
    const confirmed = deferred<void>();
    running.waiting = { number: this.#number, confirmed };
    void running.transport
      .send(encodeLinkMessage({ kind: 'ping', number: this.#number, receivedNext: 0 }))
      ?.catch(() => undefined);
    await confirmed.promise;
  }
}
