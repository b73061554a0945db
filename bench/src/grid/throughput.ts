/** Tokens per second of all answers together, by number of stages and of answers at a time; and one answer over slow links. */
import { median } from '../statistics.ts';
import type { BenchModel } from '../compare.ts';
import { stream } from './stream.ts';
import { startGridOfProcesses, type GridOfProcesses } from './workers.ts';

export interface ThroughputOptions {
  stages: readonly number[];
  sessions: readonly number[];
  /** Of an answer. */
  tokens: number;
  rounds: number;
}

export interface ThroughputRow {
  stages: number;
  sessions: number;
  'tokens/s': number;
  /** To one answer at a time on as many stages. */
  'of one session': number;
  /** To as many answers at a time on one stage. */
  'of one stage': number;
}

/** All numbers of stages are measured in turns, so that a change of the machine's speed meets all alike. */
export async function measureThroughput(
  model: Pick<BenchModel, 'directory'>,
  { stages, sessions, tokens, rounds }: ThroughputOptions,
): Promise<ThroughputRow[]> {
  await using grids = new AsyncDisposableStack();
  const measured: { stages: number; grid: GridOfProcesses; rates: Map<number, number[]> }[] = [];
  for (const count of stages) {
    const init = { modelDirectory: model.directory, stages: count, workers: count };
    const grid = grids.use(await startGridOfProcesses(init));
    await rateOf(grid, Math.max(...sessions), 8);
    measured.push({ stages: count, grid, rates: new Map(sessions.map((number) => [number, []])) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const number of sessions)
      for (const { grid, rates } of measured) rates.get(number)?.push(await rateOf(grid, number, tokens));
  }
  const rate = (count: number | undefined, number: number): number =>
    median(measured.find((one) => one.stages === count)?.rates.get(number) ?? []);
  return stages.flatMap((count) =>
    sessions.map((number) => ({
      stages: count,
      sessions: number,
      'tokens/s': rate(count, number),
      'of one session': rate(count, number) / rate(count, 1),
      'of one stage': rate(count, number) / rate(1, number),
    })),
  );
}

/** Questions of different lengths, none the beginning of another. */
const question = (index: number): string =>
  `${index + 1}. Tell me about ${'the river and '.repeat(index % 4)}the old mill.`;

async function rateOf({ hub }: GridOfProcesses, sessions: number, tokens: number): Promise<number> {
  const began = performance.now();
  const answers = await Promise.all(
    Array.from({ length: sessions }, (_, index) =>
      stream(hub.client, { messages: [{ role: 'user', content: question(index) }], tokens }),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  return answers.reduce((sum, answer) => sum + answer.tokens, 0) / seconds;
}

export interface DelayRow {
  stages: number;
  'one way ms': number;
  'tokens/s': number;
  /** To one stage. */
  'of one stage': number;
}

/** One answer at a time on two stages whose links take longer, beside one stage. */
export async function measureDelays(
  model: Pick<BenchModel, 'directory'>,
  { delays, tokens, rounds }: { delays: readonly number[]; tokens: number; rounds: number },
): Promise<DelayRow[]> {
  await using grids = new AsyncDisposableStack();
  const measured: { stages: number; delayMs: number; grid: GridOfProcesses; rates: number[] }[] = [];
  for (const { stages, delayMs } of [
    { stages: 1, delayMs: 0 },
    ...delays.map((delay) => ({ stages: 2, delayMs: delay })),
  ]) {
    const init = { modelDirectory: model.directory, stages, workers: stages, delayMs };
    const grid = grids.use(await startGridOfProcesses(init));
    await rateOf(grid, 1, 8);
    measured.push({ stages, delayMs, grid, rates: [] });
  }
  for (let round = 0; round < rounds; round++)
    for (const { grid, rates } of measured) rates.push(await rateOf(grid, 1, tokens));
  const [whole] = measured;
  return measured.map(({ stages, delayMs, rates }) => ({
    stages,
    'one way ms': delayMs,
    'tokens/s': median(rates),
    'of one stage': median(rates) / median(whole?.rates ?? []),
  }));
}
