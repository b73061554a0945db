/** Workers that speak the real protocol over real web sockets and compute nothing: their tokens come at a steady rate. */
import type { Prompt } from '@potluck/protocol';
import { ScriptedWorker } from '../../../hub/testing/scriptedWorker.ts';

export interface SimulatedGrid extends Disposable {
  /** When each token of a session was sent, by `performance.now()`. */
  sentAt(sessionId: string): readonly number[];
  /** How many are connected and welcome. */
  readonly count: number;
  /** Of each answer that begins from now on, a second. */
  tokensPerSecond: number;
}

export interface SimulatedGridInit {
  /** Of the hubs; workers join through one after the other. */
  urls: readonly string[];
  joinToken: string;
  workers: number;
  /** What all answers say, again and again. */
  tokens: readonly number[];
}

/** How often workers say something in the length of their lease. */
const renewalsPerLease = 3;

/** @returns when all are welcome */
export async function startSimulatedGrid(init: SimulatedGridInit): Promise<SimulatedGrid> {
  const { urls, joinToken, workers, tokens } = init;
  const sentAt = new Map<string, number[]>();
  const timers = new Map<string, NodeJS.Timeout>();
  const isClosed = new Set<string>();

  /** Answers of one worker come one token at a time, as its stage computes them: none waits for another. */
  const onPrompt = (worker: ScriptedWorker, { sessionId, tokens: prompt }: Prompt): void => {
    const times: number[] = [];
    sentAt.set(sessionId, times);
    const next = (): void => {
      if (isClosed.has(sessionId)) return;
      const position = prompt.length + times.length;
      times.push(performance.now());
      worker.send({
        type: 'token',
        sessionId,
        epoch: worker.epoch,
        position,
        token: tokens[(times.length - 1) % tokens.length] ?? 0,
      });
    };
    timers.set(sessionId, setInterval(next, 1000 / simulated.tokensPerSecond));
  };
  const renewals = new Map<ScriptedWorker, NodeJS.Timeout>();
  /** @param part of the time after which it says something */
  const renewLater = (worker: ScriptedWorker, part = 1): void => {
    const renew = (): void => {
      worker.send({ type: 'renew' });
      renewLater(worker);
    };
    clearTimeout(renewals.get(worker));
    renewals.set(worker, setTimeout(renew, (part * worker.leaseMs) / renewalsPerLease));
  };
  const grid = Array.from(
    { length: workers },
    (_, index) =>
      new ScriptedWorker({
        url: urls[index % urls.length] ?? '',
        token: joinToken,
        name: `simulated ${index + 1}`,
        memoryBytes: 8e9,
        cacheBytes: 7e9,
        onPrompt,
        onLease: (worker) => renewLater(worker),
        onClose: (worker, message) => {
          isClosed.add(message.sessionId);
          clearInterval(timers.get(message.sessionId));
          timers.delete(message.sessionId);
          worker.sessionClosed(message);
        },
      }),
  );
  let count = 0;
  const simulated: SimulatedGrid = {
    tokensPerSecond: 10,
    sentAt: (sessionId) => sentAt.get(sessionId) ?? [],
    get count() {
      return count;
    },
    [Symbol.dispose]() {
      for (const timer of renewals.values()) clearTimeout(timer);
      for (const timer of timers.values()) clearInterval(timer);
      for (const worker of grid) worker.kill();
    },
  };
  await Promise.all(grid.map((worker) => worker.message('welcome')));
  count = workers;
  // Not all in the same moment.
  for (const [index, worker] of grid.entries()) renewLater(worker, index / workers);
  for (const worker of grid) void worker.closed.then(() => count--);
  return simulated;
}
