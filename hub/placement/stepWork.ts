/** How much a step of one token reads of a range of layers, from a model package alone. */
import type { ModelPackage } from '@potluck/protocol';

/** What work is computed from; any model package fits. */
export type WorkedModel = Pick<ModelPackage, 'layers' | 'headBytes' | 'tiedBytes'>;

/**
 * Packages of older imports don't say what a step reads: there it is what the layers weigh, with the head in the last one.
 * @returns a function of a layer range (inclusive, counted from 0) that gives bytes of weights, in constant time
 */
export function stepWork(model: WorkedModel): (firstLayer: number, lastLayer: number) => number {
  const last = model.layers.length - 1;
  const before = [0];
  model.layers.forEach(({ stepBytes, weightBytes }, layer) => {
    const head = layer === last ? model.headBytes + model.tiedBytes : 0;
    before.push((before[layer] ?? 0) + (stepBytes ?? weightBytes + head));
  });
  return (firstLayer, lastLayer) => (before[lastLayer + 1] ?? 0) - (before[firstLayer] ?? 0);
}
