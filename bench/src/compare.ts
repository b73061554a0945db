/** One model, both sides, measured in turns so that a change of the machine's speed meets all alike. */
import type { DeviceChoice } from '@potluck/node-worker';
import { startGrid, type Grid } from './ourSide.ts';
import { measureHops, type HopCost } from './hops.ts';
import { loadTokenizer, promptOfLength } from './prompts.ts';
import { measure, summarise, type Row, type Side } from './sides.ts';
import { startWholeModel } from './wholeModel.ts';

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
  /** What both sides compute with. */
  device: { ours: DeviceChoice; theirs: Exclude<DeviceChoice, 'auto'> };
  stageCounts: number[];
  firstPort: number;
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
    const whole = resources.use(
      await startWholeModel({ directory, threads: settings.threads, device: settings.device.theirs }),
    );
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
        device: settings.device.ours,
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
