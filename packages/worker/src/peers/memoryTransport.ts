/** Two ends of a transport inside one process, with a latency if wanted. */
import { maxSliceBytes } from '@potluck/protocol';
import { TransportClosedError } from '../errors.ts';
import type { PeerTransport, PeerTransportEvents } from './peerTransport.ts';
import { TransportState } from './transportState.ts';

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
  readonly #state = new TransportState();
  #underWay = 0;

  constructor({ latencyMs = 0, windowBytes = 1024 * 1024, kind = 'direct' }: MemoryTransportInit) {
    this.kind = kind;
    this.#latencyMs = latencyMs;
    this.#windowBytes = windowBytes;
  }

  listen(events: PeerTransportEvents): void {
    // As with a real connection, nobody hears of the end before it returns to whoever cut it.
    this.#state.listen({ ...events, onClosed: (reason) => queueMicrotask(() => events.onClosed(reason)) });
  }

  send(slice: Uint8Array<ArrayBuffer>): Promise<void> | undefined {
    this.#state.mustBeOpen();
    if (slice.byteLength > maxSliceBytes) {
      this.cut(`a slice of ${slice.byteLength} bytes is longer than ${maxSliceBytes}`);
      throw new TransportClosedError('the slice is too long');
    }
    const copy = slice.slice();
    this.#underWay += copy.byteLength;
    const arrive = (): void => {
      this.#underWay -= copy.byteLength;
      if (this.#state.isClosed) return;
      this.other.#state.take(copy);
      if (this.#underWay <= this.#windowBytes) this.#state.giveRoom();
    };
    if (this.#latencyMs > 0) setTimeout(arrive, this.#latencyMs);
    else queueMicrotask(arrive);
    return this.#underWay <= this.#windowBytes ? undefined : this.#state.waitForRoom();
  }

  close(): void {
    this.cut('closed');
  }

  cut(reason: string): void {
    for (const end of [this, this.other]) end.#state.end(reason);
  }
}
