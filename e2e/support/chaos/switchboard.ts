/** Direct connections between workers of one process, each of which can be cut under both. */
import type { WorkerId } from '@potluck/protocol';
import {
  memoryTransportPair,
  type DirectConnector,
  type DirectConnectorInit,
  type MemoryTransport,
  type PeerTransport,
} from '@potluck/worker';

interface Line {
  workers: readonly [WorkerId, WorkerId];
  ends: readonly [MemoryTransport, MemoryTransport];
}

/** How a worker is at the moment: nothing comes or goes while it sleeps. */
export interface Sleeper {
  /** Resolves when it is awake; undefined while it is. */
  awake(): Promise<void> | undefined;
}

export class Switchboard {
  readonly #here = new Map<WorkerId, { init: DirectConnectorInit; sleeper: Sleeper }>();
  #lines: Line[] = [];

  /** What a worker makes its connections with. */
  connector(workerId: WorkerId, sleeper: Sleeper): DirectConnector {
    return {
      start: async (init) => void this.#here.set(workerId, { init, sleeper }),
      connect: async (peer, signal) => {
        await Promise.race([sleeper.awake(), ended(signal)]);
        const other = this.#here.get(peer);
        if (!other) throw new Error('nobody answers');
        await Promise.race([other.sleeper.awake(), ended(signal)]);
        const ends = memoryTransportPair();
        this.#lines.push({ workers: [workerId, peer], ends });
        other.init.onTransport(workerId, sleepy(ends[1], other.sleeper));
        return sleepy(ends[0], sleeper);
      },
      close: () => undefined,
    };
  }

  /** Cuts what connects two workers. @returns false where nothing does */
  cut(one: WorkerId, other: WorkerId): boolean {
    const cut = this.#lines.filter(({ workers }) => workers.includes(one) && workers.includes(other));
    for (const { ends } of cut) ends[0].cut('the line was cut');
    this.#lines = this.#lines.filter((line) => !cut.includes(line));
    return cut.length > 0;
  }

  /** The worker's process is gone. */
  hangUp(workerId: WorkerId): void {
    this.#here.delete(workerId);
    for (const { workers, ends } of this.#lines)
      if (workers.includes(workerId)) ends[0].cut('the peer is gone');
    this.#lines = this.#lines.filter(({ workers }) => !workers.includes(workerId));
  }
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}

/** What comes and goes while the worker sleeps does so when it wakes, in its order. */
function sleepy(transport: PeerTransport, sleeper: Sleeper): PeerTransport {
  const inTurn = inOrder(sleeper);
  return {
    kind: transport.kind,
    listen: (events) =>
      transport.listen({
        ...events,
        onSlice: (slice) => inTurn(() => events.onSlice(slice)),
        onClosed: (reason) => inTurn(() => events.onClosed(reason)),
      }),
    send: (slice) => {
      if (!sleeper.awake()) return transport.send(slice);
      return sleeper.awake()?.then(() => transport.send(slice));
    },
    close: () => transport.close(),
  };
}

/** @returns what does things at once, or when the worker wakes, one after the other */
export function inOrder(sleeper: Sleeper): (act: () => void) => void {
  const waiting: (() => void)[] = [];
  return (act) => {
    const sleep = sleeper.awake();
    if (!sleep && waiting.length === 0) {
      act();
      return;
    }
    waiting.push(act);
    if (waiting.length > 1) return;
    void (async () => {
      await sleep;
      for (let next = waiting[0]; next; next = waiting[0]) {
        next();
        waiting.shift();
      }
    })();
  };
}
