/** Two ends of a transport inside one process, with a latency if wanted. */
import { maxSliceBytes } from '@potluck/protocol';
import { deferred, type Deferred } from '../deferred.ts';
import { TransportClosedError } from '../errors.ts';
import type { PeerTransport, PeerTransportEvents } from './peerTransport.ts';

export interface MemoryTransportInit {
  /** One way, in milliseconds. Default 0: delivered in the next microtask. */
  latencyMs?: number;
  /** Bytes under way before `send` makes its caller wait. Default 1 MiB. */
  windowBytes?: number;
  /** What the ends say they are. Default direct. */
  kind?: PeerTransport['kind'];
}

/** An end that can be cut like a cable: what is under way is lost. */
export interface MemoryTransport extends PeerTransport {
  cut(reason: string): void;
}

export function memoryTransportPair(init: MemoryTransportInit = {}): [MemoryTransport, MemoryTransport] {
  const first = new End(init);
  const second = new End(init);
  first.other = second;
  second.other = first;
  return [first, second];
}

class End implements MemoryTransport {
  readonly kind: PeerTransport['kind'];
  other!: End;
  readonly #latencyMs: number;
  readonly #windowBytes: number;
  #events: PeerTransportEvents | undefined;
  #early: Uint8Array<ArrayBuffer>[] = [];
  #closed = false;
  #underWay = 0;
  #room: Deferred<void> | undefined;

  constructor({ latencyMs = 0, windowBytes = 1024 * 1024, kind = 'direct' }: MemoryTransportInit) {
    this.kind = kind;
    this.#latencyMs = latencyMs;
    this.#windowBytes = windowBytes;
  }

  listen(events: PeerTransportEvents): void {
    this.#events = events;
    for (const slice of this.#early.splice(0)) events.onSlice(slice);
  }

  send(slice: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    if (this.#closed) throw new TransportClosedError('the memory transport is closed');
    if (slice.byteLength > maxSliceBytes) {
      this.cut(`a slice of ${slice.byteLength} bytes is longer than ${maxSliceBytes}`);
      throw new TransportClosedError('the slice is too long');
    }
    const copy = slice.slice();
    this.#underWay += copy.byteLength;
    const arrive = (): void => {
      this.#underWay -= copy.byteLength;
      if (this.#closed) return;
      this.other.#take(copy);
      if (this.#underWay <= this.#windowBytes) {
        this.#room?.resolve();
        this.#room = undefined;
      }
    };
    if (this.#latencyMs > 0) setTimeout(arrive, this.#latencyMs);
    else queueMicrotask(arrive);
    if (this.#underWay <= this.#windowBytes) return undefined;
    return (this.#room ??= deferred<void>()).promise;
  }

  close(): void {
    this.cut('closed');
  }

  cut(reason: string): void {
    for (const end of [this, this.other]) {
      if (end.#closed) continue;
      end.#closed = true;
      end.#room?.reject(new TransportClosedError(reason));
      queueMicrotask(() => end.#events?.onClosed(reason));
    }
  }

  #take(slice: Uint8Array<ArrayBuffer>): void {
    if (this.#events) this.#events.onSlice(slice);
    else this.#early.push(slice);
  }
}
