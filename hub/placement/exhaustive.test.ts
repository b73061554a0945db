/** On small grids, placement is compared with every plan that there is. */
import type { WorkerId } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gridOf, gridWorker, placedModel } from '../testing/gridView.ts';
import type { PlacedModel } from './candidates.ts';
import { leastGain } from './chooseStages.ts';
import type { GridLink, GridView, GridWorker } from './gridView.ts';
import type { StageAt } from './layerRange.ts';
import { place } from './place.ts';
import { tokenTime } from './prediction/tokenTime.ts';
import { stageBytes } from './stageMemory.ts';

/** Placement may be worse than the best plan by so much. */
const tolerance = 1.05;

interface Plan {
  workers: number;
  tokenMs: number;
  /** Time of one token, and of the slowest stage. */
  cost: number;
}

/** Paces so far apart that none is taken for noise. */
const anyWorker = fc.record({
  memory: fc.integer({ min: 50, max: 1500 }),
  pace: fc.constantFrom(0.01, 0.03, 0.1),
});
const anyLink = fc.option(
  fc.record({
    state: fc.constantFrom<GridLink['state']>('direct', 'relayed'),
    roundTripMs: fc.constantFrom(0.5, 5, 60),
  }),
  { nil: undefined },
);
const anySetting = fc
  .record({
    layers: fc.array(fc.record({ weightBytes: fc.nat(400), stepBytes: fc.integer({ min: 100, max: 400 }) }), {
      minLength: 1,
      maxLength: 6,
    }),
    embeddingBytes: fc.nat(500),
    headBytes: fc.nat(500),
    tiedBytes: fc.nat(300),
    workers: fc.array(anyWorker, { minLength: 1, maxLength: 4 }),
    links: fc.array(anyLink, { minLength: 16, maxLength: 16 }),
  })
  .map(({ layers, workers: paced, links, ...ends }) => {
    const model = placedModel(0, 0, {
      ...ends,
      layers: layers.map((layer) => ({ ...layer, cacheBytesPerToken: 0, stateBytes: 0, boundary: [] })),
    });
    const workers = paced.map(({ memory, pace }, index) =>
      gridWorker(`w${index}`, memory, { millisecondsPerByte: pace }),
    );
    const known = workers.flatMap((from, row) =>
      workers.flatMap((to, column): [GridWorker, GridWorker, GridLink][] => {
        const link = links[4 * row + column];
        return from === to || !link ? [] : [[from, to, link]];
      }),
    );
    return { model, grid: gridOf(workers, known) };
  });

function evaluate(model: PlacedModel, grid: GridView, stages: readonly StageAt[]): Plan {
  const time = tokenTime(model, stages, grid);
  const slowest = Math.max(...time.stages.map(({ milliseconds }) => milliseconds));
  return { workers: stages.length, tokenMs: time.milliseconds, cost: time.milliseconds + slowest };
}

/** All ordered sets of workers, and all cuts that fit. */
function everyPlan(model: PlacedModel, grid: GridView): StageAt[][] {
  const bytesOf = stageBytes(model, model.workingMemory);
  const last = model.layers.length - 1;
  const from = (firstLayer: number, left: ReadonlySet<WorkerId>): StageAt[][] =>
    [...left].flatMap((workerId) => {
      const offered = grid.workers.get(workerId)?.memory.offeredBytes ?? 0;
      const others = new Set([...left].filter((id) => id !== workerId));
      const ends = Array.from({ length: last - firstLayer + 1 }, (_, index) => firstLayer + index);
      return ends.flatMap((lastLayer) => {
        if (bytesOf(firstLayer, lastLayer) > offered) return [];
        const stage = { workerId, firstLayer, lastLayer };
        if (lastLayer === last) return [[stage]];
        return from(lastLayer + 1, others).map((rest) => [stage, ...rest]);
      });
    });
  return from(0, new Set(grid.workers.keys()));
}

test('no plan is more than 5 % better, and none is overlooked', () => {
  const seen = { alone: 0, split: 0, refused: 0 };
  fc.assert(
    fc.property(anySetting, ({ model, grid }) => {
      const plans = everyPlan(model, grid).map((stages) => evaluate(model, grid, stages));
      const [placed] = place({
        model,
        grid,
        plan: { mode: 'automatic', replicas: 1 },
        replicas: [[]],
        nameOf: String,
      }).replicas;
      if (!placed?.ok) {
        seen.refused++;
        expect(plans).toEqual([]);
        return;
      }
      const own = evaluate(model, grid, placed.stages);
      seen[own.workers === 1 ? 'alone' : 'split']++;
      const fewest = Math.min(...plans.map(({ workers }) => workers));
      for (const plan of plans) {
        // More workers are taken where they save a tenth of a token's time.
        if (plan.workers > own.workers) {
          expect(plan.tokenMs).toBeGreaterThanOrEqual(((1 - leastGain) * own.tokenMs) / tolerance);
          continue;
        }
        // Of those that save as much, and of the fewest that fit, the choice has the least cost.
        if (plan.tokenMs <= own.tokenMs || (plan.workers === own.workers && own.workers === fewest)) {
          expect(plan.cost).toBeGreaterThanOrEqual(own.cost / tolerance);
        }
      }
    }),
    { numRuns: 600 },
  );
  expect(Math.min(seen.alone, seen.split, seen.refused)).toBeGreaterThan(20);
});

test('of as many stages as were asked for, no plan is more than 5 % better', () => {
  let compared = 0;
  fc.assert(
    fc.property(anySetting, ({ model, grid }) => {
      const count = Math.min(grid.workers.size, model.layers.length);
      const plans = everyPlan(model, grid).filter((stages) => stages.length === count);
      const plan = { mode: 'shards', count, replicas: 1 } as const;
      const [placed] = place({ model, grid, plan, replicas: [[]], nameOf: String }).replicas;
      if (plans.length === 0) return;
      compared++;
      if (!placed?.ok) throw new Error('a plan is overlooked');
      const best = Math.min(...plans.map((stages) => evaluate(model, grid, stages).cost));
      expect(evaluate(model, grid, placed.stages).cost).toBeLessThanOrEqual(best * tolerance);
    }),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(50);
});
