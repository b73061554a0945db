/** One model, both sides, measured in turns so that a change of the machine's speed meets all alike. */
import { startGrid, type Grid } from './grid.ts';
import { measureHops, type HopCost } from './hops.ts';
import { loadTokenizer, promptOfLength, type BenchPrompt } from './prompts.ts';
import { median } from './statistics.ts';
import { startWholeModel, type Measurement } from './wholeModel.ts';

export interface BenchModel {
  name: string;
  /** Source in the Hugging Face layout, for the hub to import. */
  directory: string;
  /** The same rewritten graph as one file, for the other side; `name` says how they differ, if they do. */
  wholeModels: { name: string; directory: string }[];
}

export interface BenchSettings {
  promptLengths: number[];
  newTokens: number;
  rounds: number;
  threads: number;
  stageCounts: number[];
  firstPort: number;
}

/** One row of the result: a side at a prompt length. Medians over the rounds. */
export interface Row {
  side: string;
  promptTokens: number;
  firstTokenMs: number;
  tokenMs: number;
  tokensPerSecond: number;
}

export interface Comparison {
  model: string;
  rows: Row[];
  hops: HopCost[];
}

export async function compare(model: BenchModel, settings: BenchSettings): Promise<Comparison> {
  const tokenizer = await loadTokenizer(model.directory);
  const prompts = settings.promptLengths.map((length) => promptOfLength(tokenizer, length));
  await using resources = new AsyncDisposableStack();
  const sides: Side[] = [];
  const grids: Grid[] = [];
  for (const { name, directory } of model.wholeModels) {
    const whole = resources.use(await startWholeModel(directory, settings.threads));
    sides.push({
      name,
      run: (prompt) => whole.generate({ promptIds: prompt.ids, newTokens: settings.newTokens }),
    });
  }
  for (const [index, stages] of settings.stageCounts.entries()) {
    const grid: Grid = resources.use(
      await startGrid({
        modelDirectory: model.directory,
        stages,
        threads: settings.threads,
        port: settings.firstPort + index,
      }),
    );
    grids.push(grid);
    sides.push({
      name: `Potluck, ${stages} ${stages === 1 ? 'stage' : 'stages'}`,
      run: (prompt) => grid.generate(prompt.content, settings.newTokens),
    });
  }
  const results = await measure(sides, prompts, settings.rounds);
  const rows = results.map(({ side, prompt, runs }) => summarise(side.name, prompt, runs));
  const [shortest] = prompts.toSorted((left, right) => left.ids.length - right.ids.length);
  const hops = shortest ? await measureHops(grids, shortest, settings) : [];
  return { model: model.name, rows, hops };
}

interface Side {
  name: string;
  run(prompt: BenchPrompt): Promise<Omit<Measurement, 'tokens'>>;
}

interface Result {
  side: Side;
  prompt: BenchPrompt;
  runs: Omit<Measurement, 'tokens'>[];
}

async function measure(sides: Side[], prompts: BenchPrompt[], rounds: number): Promise<Result[]> {
  const results = sides.flatMap((side) => prompts.map((prompt): Result => ({ side, prompt, runs: [] })));
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const prompt of prompts) {
      for (const result of results.filter((candidate) => candidate.prompt === prompt)) {
        const run = await result.side.run(prompt);
        if (round > 0) result.runs.push(run);
      }
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  return results;
}

function summarise(side: string, prompt: BenchPrompt, runs: Result['runs']): Row {
  const tokenMs = median(runs.map((run) => run.tokenMs));
  return {
    side,
    promptTokens: prompt.ids.length,
    firstTokenMs: median(runs.map((run) => run.firstTokenMs)),
    tokenMs,
    tokensPerSecond: 1000 / tokenMs,
  };
}
