/** What a token would take at a stage whose worker was lost, with another worker in its place. */
import type { Candidate, PlacedModel } from './candidates.ts';
import type { GridView } from './gridView.ts';
import type { StageAt } from './layerRange.ts';
import { wayMs } from './prediction/hopTime.ts';
import { stepMs } from './prediction/stepTime.ts';
import { frameBytesPerToken } from './prediction/tokenBytes.ts';
import { stepWork } from './stepWork.ts';

/**
 * The rest of the pipeline takes as long whoever stands in.
 * @param stages of the pipeline, in order
 * @param index of the stage that is to be replaced
 * @returns a function that gives the milliseconds of the stage and of the ways from and to its neighbours
 */
export function standInTime(
  { model, grid }: { model: PlacedModel; grid: GridView },
  stages: readonly StageAt[],
  index: number,
): (candidate: Pick<Candidate, 'id' | 'speed'>) => number {
  const { firstLayer, lastLayer } = stages[index] as StageAt;
  const work = stepWork(model)(firstLayer, lastLayer);
  const before = stages.at(index - 1) as StageAt;
  const after = stages[(index + 1) % stages.length] as StageAt;
  const [bytesIn, bytesOut] = [
    frameBytesPerToken(model, firstLayer),
    frameBytesPerToken(model, after.firstLayer),
  ];
  return ({ id, speed }) => {
    const ways =
      stages.length === 1
        ? 0
        : wayMs(grid, before.workerId, id, bytesIn) + wayMs(grid, id, after.workerId, bytesOut);
    return stepMs(speed, work) + ways;
  };
}
