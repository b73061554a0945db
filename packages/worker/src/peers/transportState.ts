/** What every transport keeps of itself: whether it is open, who listens, what came too early, and senders that wait for room. */
import { deferred, type Deferred } from '../deferred.ts';
import { TransportClosedError } from '../errors.ts';
import type { PeerTransportEvents } from './peerTransport.ts';

const maxEarlySlices = 256;

export class TransportState {
  readonly #onEnd: () => void;
  readonly #early: Uint8Array<ArrayBuffer>[] = [];
  #events: PeerTransportEvents | undefined;
  #closedReason: string | undefined;
  #room: Deferred<void> | undefined;

  /** @param onEnd called once, before the listener is told: closes what is below the transport */
  constructor(onEnd: () => void = () => undefined) {
    this.#onEnd = onEnd;
  }

  get isClosed(): boolean {
    return this.#closedReason !== undefined;
  }

  /** As `PeerTransport` has it. */
  listen(events: PeerTransportEvents): void {
    this.#events = events;
    for (const slice of this.#early.splice(0)) events.onSlice(slice);
    if (this.#closedReason !== undefined) events.onClosed(this.#closedReason);
  }

  /** A slice came from the peer, which may send as soon as its end is open, before anyone listens here. */
  take(slice: Uint8Array<ArrayBuffer>): void {
    if (this.#events) this.#events.onSlice(slice);
    else if (this.#early.length < maxEarlySlices) this.#early.push(slice);
    else this.end('the peer sent too much before this end was open');
  }

  /** @throws TransportClosedError */
  mustBeOpen(): void {
    if (this.#closedReason !== undefined) throw new TransportClosedError(this.#closedReason);
  }

  /** What a sender awaits while too much is under way; rejects with TransportClosedError. */
  waitForRoom(): Promise<void> {
    return (this.#room ??= deferred<void>()).promise;
  }

  /** Those who wait for room go on. */
  giveRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** The transport has ended, for the first reason that is given. */
  end(reason: string): void {
    if (this.#closedReason !== undefined) return;
    this.#closedReason = reason;
    this.#room?.reject(new TransportClosedError(reason));
    this.#onEnd();
    this.#events?.onClosed(reason);
  }
}
