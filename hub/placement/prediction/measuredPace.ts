/** How fast a worker reads weights, where that was measured in answers. */
import type { Device } from '@potluck/protocol';
import { stepTime, type StepSample } from './stepTime.ts';
import { weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';

/**
 * @param samples what the worker's present device did
 * @returns milliseconds for each byte of weights that a step of one token reads; undefined where nothing was measured in answers
 */
export function measuredPace(
  device: Pick<Device, 'kind' | 'description'>,
  samples: readonly StepSample[],
  model: PredictedModel,
): number | undefined {
  // What a stage did when it was tried once may be far off, on a device that was just busy loading it.
  const served = samples.filter(({ source }) => source === 'served');
  if (served.length === 0) return undefined;
  const weightBytes = weightBytesPerToken(model, { firstLayer: 0, lastLayer: model.layers.length - 1 });
  return stepTime(device, served, { model: model.id, weightBytes }).milliseconds / Math.max(1, weightBytes);
}
