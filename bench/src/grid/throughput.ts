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
  /** Of the processor, for the workers (`GridInit`). */
  cores: readonly number[];
}

export interface ThroughputRow {
  stages: number;
  sessions: number;
  /** From the questions to the last token: prompts are read one by one. */
  'tokens/s': number;
  /** While no answer's prompt is read and none has ended. */
  'decoding tokens/s': number;
  /** Decoding, to one answer at a time on as many stages. */
  'of one session': number;
  /** Decoding, to as many answers at a time on one stage. */
  'of one stage': number;
  /** Decoding, to one answer at a time on one stage. */
  'of one session on one stage': number;
}

interface Rate {
  whole: number;
  decoding: number;
}

/** All numbers of stages are measured in turns, so that a change of the machine's speed meets all alike. */
export async function measureThroughput(
  model: Pick<BenchModel, 'directory'>,
  { stages, sessions, tokens, rounds, cores }: ThroughputOptions,
): Promise<ThroughputRow[]> {
  await using grids = new AsyncDisposableStack();
  const measured: { stages: number; grid: GridOfProcesses; rates: Map<number, Rate[]> }[] = [];
  for (const count of stages) {
    const init = { modelDirectory: model.directory, stages: count, workers: count, cores };
    const grid = grids.use(await startGridOfProcesses(init));
    await rateOf(grid, Math.max(...sessions), 8);
    measured.push({ stages: count, grid, rates: new Map(sessions.map((number) => [number, []])) });
  }
  for (let round = 0; round < rounds; round++) {
    for (const number of sessions)
      for (const { grid, rates } of measured) rates.get(number)?.push(await rateOf(grid, number, tokens));
  }
  const rate = (count: number, number: number, of: keyof Rate): number => {
    const rates = measured.find((one) => one.stages === count)?.rates.get(number) ?? [];
    return median(rates.map((one) => one[of]));
  };
  return stages.flatMap((count) =>
    sessions.map((number) => {
      const decoding = rate(count, number, 'decoding');
      return {
        stages: count,
        sessions: number,
        'tokens/s': rate(count, number, 'whole'),
        'decoding tokens/s': decoding,
        'of one session': decoding / rate(count, 1, 'decoding'),
        'of one stage': decoding / rate(1, number, 'decoding'),
        'of one session on one stage': decoding / rate(1, 1, 'decoding'),
      };
    }),
  );
}

/** Questions of different lengths, none the beginning of another. */
const question = (index: number): string =>
  `${index + 1}. Tell me about ${'the river and '.repeat(index % 4)}the old mill.`;

async function rateOf({ hub }: GridOfProcesses, sessions: number, tokens: number): Promise<Rate> {
  const began = performance.now();
  const answers = await Promise.all(
    Array.from({ length: sessions }, (_, index) =>
      stream(hub.client, { messages: [{ role: 'user', content: question(index) }], tokens }),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const all = answers.reduce((sum, answer) => sum + answer.tokens, 0);
  // A piece may have several tokens, as long as a character is not whole.
  const pieces = answers.reduce((sum, answer) => sum + answer.times.length, 0);
  const from = Math.max(...answers.map(({ times }) => times[0] ?? Number.NaN));
  const to = Math.min(...answers.map(({ times }) => times.at(-1) ?? Number.NaN));
  const meanwhile = answers.flatMap(({ times }) => times.filter((time) => time > from && time <= to));
  return {
    whole: all / seconds,
    decoding: ((meanwhile.length / Math.max(1, to - from)) * 1000 * all) / pieces,
  };
}

export interface CopiesRow {
  copies: number;
  /** Of each copy at a time. */
  sessions: number;
  /** Of all copies, decoding. */
  'tokens/s': number;
  /** To one copy that has the machine for itself. */
  'of one': number;
}

/**
 * The model on one stage, alone and beside a second copy that shares nothing with it. Cores that are two threads of one give
 * both little more than one: two stages can't do better there.
 */
export async function measureCopies(
  model: Pick<BenchModel, 'directory'>,
  { sessions, tokens, rounds, cores }: Omit<ThroughputOptions, 'stages'>,
): Promise<CopiesRow[]> {
  await using grids = new AsyncDisposableStack();
  const [firstCore, ...others] = cores;
  const each = [cores, firstCore === undefined ? [] : [...others, firstCore]];
  const copies: GridOfProcesses[] = [];
  for (const own of each) {
    const init = { modelDirectory: model.directory, stages: 1, workers: 1, cores: own };
    copies.push(grids.use(await startGridOfProcesses(init)));
  }
  const together = async (count: number, number: number): Promise<number> => {
    const rates = await Promise.all(copies.slice(0, count).map((grid) => rateOf(grid, number, tokens)));
    return rates.reduce((sum, { decoding }) => sum + decoding, 0);
  };
  await together(copies.length, Math.max(...sessions));
  const rates = sessions.map((number) => ({ number, alone: [] as number[], both: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { number, alone, both } of rates) {
      alone.push(await together(1, number));
      both.push(await together(copies.length, number));
    }
  }
  return rates.flatMap(({ number, alone, both }) =>
    [alone, both].map((measured, index) => ({
      copies: index + 1,
      sessions: number,
      'tokens/s': median(measured),
      'of one': median(measured) / median(alone),
    })),
  );
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
  {
    delays,
    tokens,
    rounds,
    cores,
  }: Omit<ThroughputOptions, 'stages' | 'sessions'> & { delays: readonly number[] },
): Promise<DelayRow[]> {
  await using grids = new AsyncDisposableStack();
  const measured: { stages: number; delayMs: number; grid: GridOfProcesses; rates: Rate[] }[] = [];
  for (const { stages, delayMs } of [
    { stages: 1, delayMs: 0 },
    ...delays.map((delay) => ({ stages: 2, delayMs: delay })),
  ]) {
    const init = { modelDirectory: model.directory, stages, workers: stages, delayMs, cores };
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
    'tokens/s': decodingOf(rates),
    'of one stage': decodingOf(rates) / decodingOf(whole?.rates ?? []),
  }));
}

const decodingOf = (rates: readonly Rate[]): number => median(rates.map(({ decoding }) => decoding));
