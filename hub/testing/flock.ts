/** Many scripted workers at once, in a thread of their own, so that what they do is not counted as the hub's. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { TestHub } from './testHub.ts';
import { testJoinToken } from './testHub.ts';

export type FlockOrder =
  | { do: 'join'; count: number }
  /** They say that they go. */
  | { do: 'leave' }
  /** Their connections end without a word. */
  | { do: 'die' };

export interface Flock {
  /** Resolves when all are welcome. */
  join(count: number): Promise<void>;
  /** Resolves when the hub knows that they have gone. */
  go(how: 'leave' | 'die'): Promise<void>;
  close(): Promise<void>;
}

export async function startFlock(hub: Pick<TestHub, 'url' | 'registry'>): Promise<Flock> {
  const thread = new Worker(new URL('./flockThread.ts', import.meta.url), {
    workerData: { url: hub.url, token: testJoinToken },
  });
  await once(thread, 'message');
  let count = 0;
  const order = async (what: FlockOrder): Promise<void> => {
    thread.postMessage(what);
    await once(thread, 'message');
  };
  return {
    join: (joining) => {
      count = joining;
      return order({ do: 'join', count });
    },
    go: async (how) => {
      let left = count;
      const { promise, resolve } = Promise.withResolvers<void>();
      const stop = hub.registry.listen({ left: () => --left === 0 && resolve() });
      await order({ do: how });
      await promise;
      stop();
    },
    close: async () => {
      await thread.terminate();
    },
  };
}
