/** What a token moves through a pipeline, in bytes. */
import { tensorBytes } from '@potluck/onnx';
import type { ModelPackage } from '@potluck/protocol';
import type { LayerRange } from '../layerRange.ts';
import { stepWork, type WorkedModel } from '../stepWork.ts';

/** What predictions are computed from; any model package fits. */
export type PredictedModel = Pick<ModelPackage, 'id'> & WorkedModel;

/** A frame without its tensors: the header, and a descriptor for each of two. */
const frameHeadBytes = 96;

/** Weights that a step of one token reads in a range of layers. */
export function weightBytesPerToken(model: PredictedModel, { firstLayer, lastLayer }: LayerRange): number {
  return stepWork(model)(firstLayer, lastLayer);
}

/** Caches that a step of one token reads in a range of layers, behind so many tokens. */
export function cacheBytesBehind(
  { layers }: PredictedModel,
  { firstLayer, lastLayer }: LayerRange,
  tokens: number,
): number {
  const perToken = layers
    .slice(firstLayer, lastLayer + 1)
    .reduce((sum, { cacheBytesPerToken }) => sum + cacheBytesPerToken, 0);
  return tokens * perToken;
}

/** A frame with the tensors that cross before a layer, for one token; before layer 0, the frame of a token. */
export function frameBytesPerToken(model: PredictedModel, layer: number): number {
  const tensors = model.layers[layer]?.boundary ?? [];
  return tensors.reduce((sum, { type, dims }) => {
    return (
      sum +
      tensorBytes(
        type,
        dims.map((dim) => (typeof dim === 'number' ? dim : 1)),
      )
    );
  }, frameHeadBytes);
}
