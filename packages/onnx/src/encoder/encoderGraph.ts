/** Tells encoders from decoders by their graph, and what of it is used. */
import type { StageInput } from '@potluck/protocol';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxValue } from '../model.ts';

/** What of an encoder's graph is used. */
export interface EncoderGraph {
  /** What the output is: a vector, a vector for each token, or a score for each class. */
  gives: 'vector' | 'token-vectors' | 'scores';
  output: OnnxValue;
  inputs: StageInput[];
}

/** Inputs of an encoder, as all exporters call them. */
const roles: Readonly<Record<string, StageInput['role']>> = {
  input_ids: 'token-ids',
  attention_mask: 'attention-mask',
  token_type_ids: 'token-types',
  position_ids: 'position-ids',
};

/** Outputs of encoders: the first that a graph has is taken. */
const outputs: readonly (readonly [name: string, gives: EncoderGraph['gives'], axes: number])[] = [
  ['sentence_embedding', 'vector', 2],
  ['token_embeddings', 'token-vectors', 3],
  ['last_hidden_state', 'token-vectors', 3],
  ['logits', 'scores', 2],
];

/**
 * True where a graph takes whole texts and gives vectors or scores: no cache goes in, and no logits of a vocabulary come out
 * for each token.
 */
export function isEncoder(graph: OnnxGraph): boolean {
  return (
    graph.inputs.some(({ name }) => name === 'input_ids') && !hasCache(graph) && find(graph) !== undefined
  );
}

/** @throws {UnsupportedModelError} naming an input that nobody could fill */
export function readEncoder(graph: OnnxGraph): EncoderGraph {
  const found = find(graph);
  if (!found)
    throw new UnsupportedModelError('an encoder without an output for vectors', graph.name || 'graph');
  const branching = graph.nodes.find(({ attributes }) =>
    [...attributes.values()].some(({ type }) => type === 'graph'),
  );
  if (branching) throw new UnsupportedModelError('control flow with a subgraph', branching.opType);
  const inputs = graph.inputs.map(({ name, type, dims }): StageInput => {
    const role = roles[name];
    const isWhole = type === 'int64' || type === 'int32';
    if (role === undefined || !isWhole || dims.length !== 2)
      throw new UnsupportedModelError('an encoder with an input of another kind', name);
    return { name, type, dims: [1, role === 'attention-mask' ? 'total' : 'step'], role };
  });
  return { ...found, inputs };
}

function find(graph: OnnxGraph): Pick<EncoderGraph, 'gives' | 'output'> | undefined {
  for (const [name, gives, axes] of outputs) {
    const output = graph.outputs.find((one) => one.name === name && one.dims.length === axes);
    if (output) return { gives, output };
  }
  return undefined;
}

/** Caches have more axes than token ids, and hold floats. */
function hasCache({ inputs }: OnnxGraph): boolean {
  return inputs.some(({ type, dims }) => type.startsWith('float') && dims.length >= 3);
}
