/** One model, both sides, measured in turns so that a change of the machine's speed meets all alike. */
import { startGrid, type Grid, type GridMeasurement, type StageParts } from './grid.ts';
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

/** What one more crossing costs a token, in milliseconds. Parts are means over the decode steps of all stages. */
export interface HopCost {
  stages: number;
  promptTokens: number;
  /** Boundaries, and the way of the token back to the first stage. */
  crossings: number;
  /** (time per token split - unsplit) / crossings. */
  perCrossingMs: number;
  queueMs: number;
  encodeMs: number;
  wireMs: number;
  decodeMs: number;
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
    sides.push({
      name: `Potluck, ${stages} ${stages === 1 ? 'stage' : 'stages'}`,
      stages,
      run: (prompt) => grid.generate(prompt.content, settings.newTokens),
    });
  }
  const results = await measure(sides, prompts, settings.rounds);
  const rows = results.map(({ side, prompt, runs }) => summarise(side.name, prompt, runs));
  return { model: model.name, rows, hops: hopCosts(results) };
}

interface Side {
  name: string;
  stages?: number;
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

function hopCosts(results: Result[]): HopCost[] {
  return results.flatMap(({ side, prompt, runs }) => {
    if (side.stages === undefined || side.stages === 1) return [];
    const unsplit = results.find((other) => other.side.stages === 1 && other.prompt === prompt);
    if (!unsplit) return [];
    // n stages: n - 1 boundaries, and the token's way back.
    const crossings = side.stages;
    const perToken = (from: Result['runs']): number => median(from.map((run) => run.tokenMs));
    const stages = (runs as GridMeasurement[]).flatMap((run) => run.stages);
    const mean = (part: keyof StageParts): number =>
      stages.reduce((sum, stage) => sum + stage[part], 0) /
      stages.reduce((sum, stage) => sum + stage.steps, 0);
    return [
      {
        stages: side.stages,
        promptTokens: prompt.ids.length,
        crossings,
        perCrossingMs: (perToken(runs) - perToken(unsplit.runs)) / crossings,
        queueMs: mean('queueMs'),
        encodeMs: mean('encodeMs'),
        wireMs: mean('wireMs'),
        decodeMs: mean('decodeMs'),
      },
    ];
  });
}
