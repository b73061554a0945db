/** Everything that can happen to workers, one function each. Which one, whom and when is drawn by the caller. */
import { setTimeout as pause } from 'node:timers/promises';
import type { FrailWorker } from './frailWorker.ts';
import type { MemoryGrid } from './memoryGrid.ts';

export interface FaultContext {
  grid: MemoryGrid;
  /** From [0, 1). */
  random: () => number;
  /** Does something later; the run waits for it at its end. */
  later: (milliseconds: number, act: () => void) => void;
  say: (line: string) => void;
}

/** @returns how many workers or lines were lost: 0 where there was nothing to lose */
export type Fault = (context: FaultContext) => Promise<number>;

const rejoinMs = (random: () => number): number => 200 + random() * 2500;

/** A stage of the pipeline that serves, drawn, with its worker. */
function victim({ grid, random }: FaultContext): FrailWorker | undefined {
  const { serving } = grid;
  const stage = serving[Math.floor(random() * serving.length)];
  return stage && grid.worker(stage.workerId);
}

function kill(context: FaultContext, worker: FrailWorker | undefined): number {
  if (!worker?.isUp) return 0;
  worker.kill();
  context.later(rejoinMs(context.random), () => worker.start());
  return 1;
}

/** Until something holds, at most so long. @returns what was found */
async function found<T>(find: () => T | undefined, milliseconds: number): Promise<T | undefined> {
  const until = performance.now() + milliseconds;
  for (;;) {
    const one = find();
    if (one !== undefined || performance.now() > until) return one;
    await pause(5);
  }
}

/** The place of a stage of which nothing is ready yet, with its worker. */
function loading({ grid }: FaultContext): FrailWorker | undefined {
  const stages = grid.hub.deployment.pipeline?.stages ?? [];
  const stage = stages.find(({ state }) => state !== 'ready');
  return stage && grid.worker(stage.workerId);
}

async function killed(context: FaultContext): Promise<number> {
  return kill(context, victim(context));
}

async function asleep(context: FaultContext): Promise<number> {
  const worker = victim(context);
  if (!worker?.isUp || worker.isAsleep) return 0;
  worker.sleep();
  context.later(500 + context.random() * 6000, () => worker.wake());
  return 1;
}

/** The connection between two neighbours is cut under both; they connect again. */
async function channelCut({ grid, random }: FaultContext): Promise<number> {
  const { serving } = grid;
  const index = Math.floor(random() * serving.length);
  const [one, other] = [serving[index], serving[(index + 1) % serving.length]];
  return one && other && grid.switchboard.cut(one.workerId, other.workerId) ? 1 : 0;
}

/** The connection to the hub breaks, and with it what the hub relays between workers. */
async function relayCut(context: FaultContext): Promise<number> {
  const worker = victim(context);
  if (!worker?.isUp || worker.isAsleep) return 0;
  worker.disconnect();
  return 1;
}

/** Who is to take the lost stage can't load it. */
async function loadFailed(context: FaultContext): Promise<number> {
  for (const worker of context.grid.workers) if (context.random() < 0.5) worker.failLoads(1);
  return kill(context, victim(context));
}

async function diskFull(context: FaultContext): Promise<number> {
  const { grid, random, later } = context;
  const spares = grid.workers.filter(({ id }) => !grid.serving.some(({ workerId }) => workerId === id));
  const full = spares[Math.floor(random() * spares.length)];
  if (full) {
    await full.fillDisk();
    later(4000, () => full.emptyDisk());
  }
  return kill(context, victim(context));
}

async function tabClosed(context: FaultContext): Promise<number> {
  const worker = victim(context);
  if (!worker?.isUp) return 0;
  await worker.close();
  context.later(rejoinMs(context.random), () => worker.start());
  return 1;
}

async function threadEnded(context: FaultContext): Promise<number> {
  const worker = victim(context);
  if (!worker?.isUp || worker.isAsleep) return 0;
  worker.crash();
  return 1;
}

async function severalAtOnce(context: FaultContext): Promise<number> {
  const { grid, random } = context;
  const all = grid.serving.map(({ workerId }) => grid.worker(workerId));
  const spared = random() < 0.5 ? -1 : Math.floor(random() * all.length);
  return all.reduce((sum, worker, index) => sum + (index === spared ? 0 : kill(context, worker)), 0);
}

/** Whoever takes the place of the lost one is lost as soon as it serves. */
async function sameTwice(context: FaultContext): Promise<number> {
  const { grid, random } = context;
  const index = Math.floor(random() * grid.serving.length);
  const before = grid.hub.deployment.ready;
  const first = before?.stages[index];
  const lost = kill(context, first && grid.worker(first.workerId));
  if (lost === 0 || !before) return 0;
  const next = await found(() => {
    const { ready } = grid.hub.deployment;
    return ready && ready.epoch > before.epoch ? ready.stages[index] : undefined;
  }, 3000);
  await pause(random() * 200);
  return lost + (next ? kill(context, grid.worker(next.workerId)) : 0);
}

async function inPrefill(context: FaultContext): Promise<number> {
  const { generator } = context.grid.hub;
  const reads = await found(
    () =>
      generator.running.find(
        ({ isQueued, usage, promptTokensRead }) =>
          !isQueued && usage.completionTokens === 0 && promptTokensRead < usage.promptTokens,
      ),
    1000,
  );
  return reads ? kill(context, victim(context)) : 0;
}

async function inRecovery(context: FaultContext): Promise<number> {
  const lost = kill(context, victim(context));
  if (lost === 0) return 0;
  const worker = await found(() => loading(context), 2000);
  if (context.random() < 0.5) return lost + kill(context, worker);
  await found(() => (context.grid.serving.length > 0 ? true : undefined), 2000);
  return lost + kill(context, victim(context));
}

/** The hub is lost; sometimes a worker with it, or while it is away. */
async function hub(context: FaultContext): Promise<number> {
  const { grid, random } = context;
  const also = random() < 0.25 ? victim(context) : undefined;
  const lost = random() < 0.5 ? kill(context, also) : 0;
  await grid.loseHub(random() * 1500);
  return 1 + lost + (lost === 0 ? kill(context, also) : 0);
}

/** By the names under which they are counted. */
export const faults: Record<string, Fault> = {
  killed,
  asleep,
  'channel cut': channelCut,
  'relay cut': relayCut,
  'load failed': loadFailed,
  'disk full': diskFull,
  'tab closed': tabClosed,
  'thread ended': threadEnded,
  'several at once': severalAtOnce,
  'same twice': sameTwice,
  'in prefill': inPrefill,
  'in recovery': inRecovery,
  hub,
};
