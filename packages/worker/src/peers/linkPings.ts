/** Pings over the transport in use: they measure the round trip, and find out when it is dead. */
import { firstProbeNumber } from './bandwidthProbe.ts';
import type { Ping } from './linkMessages.ts';

const everyMs = 1_000;
/** Pings without a pong after which a transport is dead. */
const maxUnanswered = 3;

export interface LinkPingsEvents {
  send(ping: Omit<Ping, 'receivedNext'>): void;
  onRoundTrip(milliseconds: number): void;
  /** After each ping; `shortestMs` is the shortest round trip so far. */
  onTick(shortestMs: number | undefined): void;
  /** No more pings are sent. */
  onDead(unanswered: number): void;
}

export class LinkPings {
  readonly #events: LinkPingsEvents;
  #timer: ReturnType<typeof setInterval> | undefined;
  #number = 0;
  #sentAt = 0;
  #shortestMs: number | undefined;
  #unanswered = 0;

  constructor(events: LinkPingsEvents) {
    this.#events = events;
  }

  /** Begins with a transport that was not used so far. */
  restart(): void {
    this.stop();
    this.#unanswered = 0;
    this.#shortestMs = undefined;
    this.#timer = setInterval(() => this.#ping(), everyMs);
    this.#ping();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes a pong that came over the transport in use. @returns false where it answers an earlier ping */
  answered(number: number): boolean {
    if (number !== this.#number) return false;
    this.#unanswered = 0;
    const milliseconds = performance.now() - this.#sentAt;
    this.#shortestMs = Math.min(this.#shortestMs ?? Infinity, milliseconds);
    this.#events.onRoundTrip(milliseconds);
    return true;
  }

  #ping(): void {
    if (this.#unanswered >= maxUnanswered) {
      this.stop();
      this.#events.onDead(this.#unanswered);
      return;
    }
    this.#unanswered++;
    this.#number = (this.#number + 1) % firstProbeNumber;
    this.#sentAt = performance.now();
    this.#events.send({ kind: 'ping', number: this.#number });
    this.#events.onTick(this.#shortestMs);
  }
}
