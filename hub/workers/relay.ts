/** Peer slices through the hub, for workers of one pipeline that can't reach each other. */
import { ProtocolError, decodeRelay, encodeRelay, type WorkerId } from '@potluck/protocol';
import type { WorkerRegistry, WorkerSocket } from './workerRegistry.ts';

/** While a receiver has this much unsent, those who send to it are not read. */
const highWaterBytes = 4 * 1024 * 1024;
const lowWaterBytes = 1024 * 1024;

/** Bytes on their way to one receiver, and the senders that wait for it. */
interface Flow {
  unsentBytes: number;
  waiting: Set<WorkerSocket>;
}

export class Relay {
  readonly #registry: WorkerRegistry;
  readonly #maySend: (from: WorkerId, to: WorkerId) => boolean;
  readonly #flows = new Map<WorkerSocket, Flow>();
  #droppedSlices = 0;
  #relayedBytes = 0;

  /** @param maySend true where both workers serve the same pipeline */
  constructor(registry: WorkerRegistry, maySend: (from: WorkerId, to: WorkerId) => boolean) {
    this.#registry = registry;
    this.#maySend = maySend;
  }

  /** Slices for workers that are gone, or were never peers of their sender. */
  get droppedSlices(): number {
    return this.#droppedSlices;
  }

  /** Bytes that were passed on, the ids in front of them included. */
  get relayedBytes(): number {
    return this.#relayedBytes;
  }

  /**
   * Passes a slice on with its sender's id. Slices for a worker that is gone are dropped: its pipeline is over.
   * @throws ProtocolError if the message is no relayed slice
   */
  forward(from: WorkerId, sender: WorkerSocket, message: Uint8Array): void {
    const { peer, slice } = decode(message);
    const receiver = this.#registry.socketOf(peer);
    if (!receiver || !this.#maySend(from, peer)) {
      this.#droppedSlices++;
      return;
    }
    const flow = this.#flows.get(receiver) ?? { unsentBytes: 0, waiting: new Set() };
    this.#flows.set(receiver, flow);
    const bytes = encodeRelay(from, slice);
    flow.unsentBytes += bytes.byteLength;
    this.#relayedBytes += bytes.byteLength;
    receiver.sendBinary(bytes, () => this.#sent(receiver, flow, bytes.byteLength));
    if (flow.unsentBytes > highWaterBytes && !flow.waiting.has(sender)) {
      flow.waiting.add(sender);
      sender.pause();
    }
  }

  #sent(receiver: WorkerSocket, flow: Flow, byteLength: number): void {
    flow.unsentBytes -= byteLength;
    if (flow.unsentBytes > lowWaterBytes) return;
    for (const sender of flow.waiting) sender.resume();
    flow.waiting.clear();
    if (flow.unsentBytes === 0) this.#flows.delete(receiver);
  }
}

function decode(message: Uint8Array): ReturnType<typeof decodeRelay> {
  try {
    return decodeRelay(message);
  } catch (cause) {
    throw cause instanceof ProtocolError
      ? cause
      : new ProtocolError('relayed message without a worker id', { cause });
  }
}
