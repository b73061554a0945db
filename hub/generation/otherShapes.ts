/** Where an answer goes on, do the same layers round as before? Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Stage } from '../pipelines/pipeline.ts';

type RanLayers = Pick<Stage, 'firstLayer' | 'lastLayer' | 'workerName' | 'ran'>;

/**
 * @param before stages that an answer ran through
 * @param now those that it goes on with
 * @returns names of the devices that run a layer on another kind of device, or in another shape, than it ran before: tokens that
 *   they compute again may come out otherwise. Devices that did not tell are taken to be like the others.
 */
export function otherShapes(before: readonly RanLayers[], now: readonly RanLayers[]): string[] {
  const isOther = ({ firstLayer, lastLayer, ran }: RanLayers): boolean =>
    before.some(
      (stage) =>
        stage.firstLayer <= lastLayer &&
        firstLayer <= stage.lastLayer &&
        stage.ran !== undefined &&
        ran !== undefined &&
        !isDeepStrictEqual(stage.ran, ran),
    );
  return [...new Set(now.filter(isOther).map(({ workerName }) => workerName))];
}
