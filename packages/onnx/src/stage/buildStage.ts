/** Builds the graph of any range of layers of a packed decoder. */
import type { StageCache, StageDescription, StageInput, StageTensor } from '@potluck/protocol';
import type { Length } from '../cut/lengths.ts';
import { makeNode } from '../graph/nodes.ts';
import type { OnnxModel, OnnxTensor, OnnxValue } from '../model.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import { bytesOf } from '../package/packWeights.ts';
import type { PackedDecoder } from '../package/packedDecoder.ts';
import { collectIngredients } from '../package/weightParts.ts';
import { cacheSizes } from './cacheSizes.ts';
import { makeLengths } from './lengthNodes.ts';

/** Layers `firstLayer` to `lastLayer`, inclusive, counted from 0. */
export interface LayerRange {
  firstLayer: number;
  lastLayer: number;
}

export interface BuiltStage {
  /** The stage's .onnx file, without weights. */
  graph: Uint8Array<ArrayBuffer>;
  /** Everything about it but the names of the model and of the graph blob. */
  description: Omit<StageDescription, 'model' | 'graph'>;
}

/**
 * Builds a stage. Its weights are external data of the files in `description.weights`.
 * @throws {RangeError} if there are no such layers
 * @throws {UnsupportedModelError} if the stage can't tell a length that it needs
 */
export function buildStage(decoder: PackedDecoder, range: LayerRange): BuiltStage {
  const { model, description } = buildStageModel(decoder, range);
  return { graph: writeModel(model), description };
}

/** As `buildStage`, with the graph in memory. */
export function buildStageModel(
  decoder: PackedDecoder,
  { firstLayer, lastLayer }: LayerRange,
): { model: OnnxModel; description: BuiltStage['description'] } {
  const { anatomy, index } = decoder;
  const { graph } = decoder.model;
  checkRange(firstLayer, lastLayer, anatomy.layerCount);
  const isFirst = firstLayer === 0;
  const isLast = lastLayer === anatomy.layerCount - 1;
  const boundaryIn = anatomy.boundaries[firstLayer] ?? [];
  const leaving = anatomy.boundaries[lastLayer + 1] ?? [];
  const caches = anatomy.caches.filter(({ layer }) => layer >= firstLayer && layer <= lastLayer);
  const targets = [...caches.map((cache) => cache.output), ...leaving.map((tensor) => tensor.name)];
  if (isLast) targets.push(anatomy.logits.name);
  const stops = new Set(boundaryIn.map((tensor) => tensor.name));
  const { nodes, weights, given } = collectIngredients(graph, index, targets, stops);

  const inputOf = (role: StageInput['role']): StageInput | undefined =>
    anatomy.inputs.find((input) => input.role === role);
  const tokenIds = inputOf('token-ids');
  const lengths = makeLengths(
    new Set((['step', 'past', 'total'] as Length[]).filter((length) => given.has(anatomy.lengths[length]))),
    anatomy.lengths,
    {
      perStep: isFirst && tokenIds ? [tokenIds] : boundaryIn,
      mask: inputOf('attention-mask'),
      positions: inputOf('position-ids'),
      caches,
    },
  );
  const inputs = anatomy.inputs.filter(({ name }) => given.has(name) || lengths.reads.has(name));
  const stageCaches = caches.map((cache): StageCache =>
    cache.input === lengths.measuredCache ? { ...cache, capacityPadded: false } : cache,
  );

  // A value that only passes through, or leaves twice, needs a name of its own to leave under.
  const takenNames = new Set([
    ...stops,
    ...caches.map((cache) => cache.output),
    ...inputs.map(({ name }) => name),
  ]);
  const boundaryOut = leaving.map((tensor): StageTensor => ({
    ...tensor,
    name: takenNames.has(tensor.name) ? freeName(`${tensor.name}/passed`, decoder) : tensor.name,
  }));
  const passing = leaving.flatMap((tensor, position) => {
    const leavingName = boundaryOut[position]?.name ?? tensor.name;
    return leavingName === tensor.name ? [] : [makeNode('Identity', [tensor.name], leavingName)];
  });

  const initializers = new Map<string, OnnxTensor>();
  for (const name of weights) {
    const tensor = graph.initializers.get(name);
    if (tensor) initializers.set(name, tensor);
  }
  for (const tensor of lengths.constants) initializers.set(tensor.name, tensor);
  const logits = isLast ? anatomy.logits : undefined;
  const model: OnnxModel = {
    irVersion: decoder.model.irVersion,
    opsets: decoder.model.opsets,
    producer: 'potluck',
    graph: {
      name: `layers ${firstLayer} to ${lastLayer}`,
      nodes: [...lengths.nodes, ...index.order.filter((node) => nodes.has(node)), ...passing],
      inputs: [...boundaryIn, ...inputs, ...stageCaches.map(pastOf)].map(valueOf),
      outputs: [...boundaryOut, ...(logits ? [logits] : []), ...stageCaches.map(presentOf)].map(valueOf),
      values: [],
      initializers,
    },
  };
  return {
    model,
    description: {
      layerCount: anatomy.layerCount,
      firstLayer,
      lastLayer,
      ...describeWeights([...initializers.values()], decoder),
      inputs,
      boundaryIn,
      boundaryOut,
      caches: stageCaches,
      ...(logits ? { logits } : {}),
      vocabularySize: Number(anatomy.logits.dims.at(-1)),
      contextLength: decoder.contextLength,
      ...cacheSizes(stageCaches),
    },
  };
}

function checkRange(firstLayer: number, lastLayer: number, layerCount: number): void {
  const isWhole = Number.isInteger(firstLayer) && Number.isInteger(lastLayer);
  if (!isWhole || firstLayer < 0 || lastLayer < firstLayer || lastLayer >= layerCount) {
    throw new RangeError(`Layers ${firstLayer} to ${lastLayer} of a model with ${layerCount} layers`);
  }
}

function describeWeights(
  tensors: readonly OnnxTensor[],
  { packs, weightFiles }: PackedDecoder,
): Pick<StageDescription, 'packs' | 'weights' | 'weightBytes'> {
  const paths = new Set(tensors.flatMap(({ data }) => (data.kind === 'range' ? [data.file] : [])));
  const weights = [...weightFiles.values()].filter((file) => paths.has(file.path));
  const needed = new Set(weights.flatMap((file) => file.parts.map((part) => part.sha256)));
  return {
    packs: packs.filter((pack) => needed.has(pack.sha256)),
    weights,
    weightBytes: tensors.reduce((sum, tensor) => sum + bytesOf(tensor), 0),
  };
}

function pastOf({ input, type, dims }: StageCache): StageTensor {
  return { name: input, type, dims };
}

function presentOf({ output, type, dims }: StageCache): StageTensor {
  return { name: output, type, dims: dims.map((length) => (length === 'past' ? 'total' : length)) };
}

function valueOf({ name, type, dims }: StageTensor): OnnxValue {
  return { name, type, dims };
}

function freeName(name: string, { index }: PackedDecoder): string {
  let candidate = name;
  for (let suffix = 2; index.producers.has(candidate) || index.consumers.has(candidate); suffix++) {
    candidate = `${name}${suffix}`;
  }
  return candidate;
}
