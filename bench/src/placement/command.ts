/** `npm run bench -- placement`: what placing, refusing and reports of stages cost on a grid of a thousand workers. */
import { Command } from 'commander';
import { cpus } from 'node:os';
import { place, type PlacementResult } from '../../../hub/placement/place.ts';
import { predictSpeed } from '../../../hub/placement/prediction/predictSpeed.ts';
import type { PlacedModel } from '../../../hub/placement/candidates.ts';
import type { GridView } from '../../../hub/placement/gridView.ts';
import { largeGrid, largeModel, largeModels } from '../../../hub/testing/largeGrid.ts';
import { describeMachine } from '../machine.ts';
import { writeResults } from '../results.ts';
import { median } from '../statistics.ts';
import { markdownTable } from '../table.ts';
import { measureStageReports } from './stageReports.ts';

interface Options {
  workers: number;
  rounds: number;
  out: string;
}

export const placementCommand = new Command('placement')
  .description('Measure placement, refusal, preview and reports of stages for 4 models of 80 layers')
  .option('--workers <count>', 'workers of the grid', Number, 1000)
  .option('--rounds <count>', 'rounds for each figure, each on another grid', Number, 40)
  .option('--out <file>', 'where the figures go as JSON', 'bench/results/placement.json')
  .action(run);

/** More than a thousand workers have. */
const tooLarge = largeModel('too-large', 50e12);

async function run({ workers, rounds, out }: Options): Promise<void> {
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`;
  const machine = { ...describeMachine([]), clock: `${cpus()[0]?.speed ?? '?'} MHz` };
  console.log(markdownTable([{ ...machine, workers, layers: 80, rounds, command }]));
  const grids = Array.from({ length: rounds }, (_, seed) => largeGrid(seed + 1, workers));
  const rows = [
    ...largeModels.map((model) => measure('placement', model, grids, placeIn)),
    ...largeModels.map((model) => measure('preview', model, grids, previewIn)),
    measure('refusal', tooLarge, grids, placeIn),
    // All memory together would do, and yet the model does not fit: the longest search.
    ...[0.95, 0.99].map((part) =>
      measure(`refusal at ${part} of all memory`, largeModel('tight', 1), grids, (_, grid) =>
        placeIn(tightModel(grid, part), grid),
      ),
    ),
  ];
  console.log(`\n${markdownTable(rows)}`);
  const reports = await measureStageReports(workers);
  console.log(`\n${markdownTable([reports])}`);
  await writeResults(out, { machine, command, rows, reports });
}

/** A grid always makes the same work. */
const triesEach = 3;

interface Row {
  what: string;
  model: string;
  placed: number;
  refused: number;
  stages: number;
  /** Of this thread's processor time, as the two below; of each grid's tries the shortest, so that noise does not count. */
  medianMs: number;
  /** Of the grid that took most. */
  maxMs: number;
  /** The longest try of all, with collected garbage and whatever else happened. */
  longestMs: number;
  /** Ranges of layers that were looked at, at most. */
  effort: number;
  /** Of the refusals' texts, in characters. */
  longestText: number;
}

function measure(
  what: string,
  model: PlacedModel,
  grids: readonly GridView[],
  act: (model: PlacedModel, grid: GridView) => PlacementResult,
): Row {
  // Once to warm up.
  for (const grid of grids.slice(0, 5)) act(model, grid);
  const runs = grids.map((grid) => {
    const tries = Array.from({ length: triesEach }, () => {
      const begin = process.threadCpuUsage();
      const result = act(model, grid);
      const { user, system } = process.threadCpuUsage(begin);
      return { milliseconds: (user + system) / 1000, result };
    });
    const milliseconds = tries.map((one) => one.milliseconds);
    return {
      milliseconds: Math.min(...milliseconds),
      longestMs: Math.max(...milliseconds),
      result: (tries[0] as (typeof tries)[number]).result,
    };
  });
  const times = runs.map(({ milliseconds }) => milliseconds).sort((one, other) => one - other);
  const first = runs.map(({ result }) => result.replicas[0]);
  return {
    what,
    model: model.id,
    placed: first.filter((one) => one?.ok).length,
    refused: first.filter((one) => !one?.ok).length,
    stages: median(first.flatMap((one) => (one?.ok ? [one.stages.length] : []))),
    medianMs: median(times),
    maxMs: times.at(-1) ?? Number.NaN,
    longestMs: Math.max(...runs.map(({ longestMs }) => longestMs)),
    effort: Math.max(...runs.map(({ result }) => result.effort)),
    longestText: Math.max(0, ...first.map((one) => (one && !one.ok ? one.message.length : 0))),
  };
}

const placeIn = (model: PlacedModel, grid: GridView): PlacementResult =>
  place({ model, grid, plan: { mode: 'automatic', replicas: 1 }, replicas: [[]], nameOf: String });

function previewIn(model: PlacedModel, grid: GridView): PlacementResult {
  const result = placeIn(model, grid);
  for (const placed of result.replicas) if (placed.ok) predictSpeed(model, placed.stages, grid);
  return result;
}

/** A model whose layers are so large that little of what each worker offers can be used. */
function tightModel({ workers }: GridView, part: number): PlacedModel {
  const offered = [...workers.values()].reduce((sum, { memory }) => sum + memory.offeredBytes, 0);
  const { workingMemory: _, ...model } = largeModel('tight', (part * offered) / 1.6);
  return model;
}
