/** Says what kind of model can't be served by the name that people know it by, from its configuration and graph alone. */
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxGraph, OnnxNode } from '../model.ts';
import type { DecoderConfig } from './decoderConfig.ts';

/** Inputs that bring in what an encoder made of the prompt, as exporters call them. */
const encoderInput = /^encoder_(hidden_states|outputs|attention_mask)$|\.encoder\.(key|value)$/;

/** @throws {UnsupportedModelError} for an architecture that is no decoder */
export function refuseConfig(config: DecoderConfig): void {
  if (!config.isEncoderDecoder) return;
  throw new UnsupportedModelError(
    'a model with an encoder and a decoder',
    config.modelType ?? 'config.json',
    {
      instead: 'Take a model that is a decoder only, such as Qwen3 or Llama',
    },
  );
}

/**
 * @param graph as it was read
 * @throws {UnsupportedModelError} for a graph that is known to be of another kind than a decoder with a cache
 */
export function refuseGraph(graph: OnnxGraph, config: DecoderConfig): void {
  const fromEncoder = graph.inputs.find(({ name }) => encoderInput.test(name));
  if (fromEncoder) refuseConfig({ ...config, isEncoderDecoder: true });
  for (const node of graph.nodes) {
    const hasSubgraph = [...node.attributes.values()].some(({ type }) => type === 'graph');
    if (hasSubgraph) throw controlFlow(node, graph, config);
  }
  const embeddings = graph.inputs.find(({ type, dims }) => {
    const isFloat = type === 'float32' || type === 'float16';
    return isFloat && dims.length === 3 && typeof dims[1] !== 'number' && dims[2] === config.hiddenSize;
  });
  const hasIds = graph.inputs.some(({ name }) => name === 'input_ids');
  if (embeddings && !hasIds) {
    throw new UnsupportedModelError('a decoder whose embedding is in a graph of its own', embeddings.name, {
      instead: 'Take an export with the embedding inside, which has input_ids among its inputs',
    });
  }
  const cache = graph.inputs.find(({ type, dims }) => type.startsWith('float') && dims.length >= 3);
  if (!cache) {
    throw new UnsupportedModelError('a decoder without a cache', graph.name || 'graph', {
      instead: 'Take the variant with one, such as decoder_with_past_model',
    });
  }
}

function controlFlow(node: OnnxNode, graph: OnnxGraph, config: DecoderConfig): UnsupportedModelError {
  const subject = `${node.opType} ${node.name}`.trim();
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  if (node.outputs.some((name) => outputs.has(name))) {
    return new UnsupportedModelError('two decoders in one graph, one with a cache and one without', subject, {
      instead: 'Take decoder_with_past_model, where the repository has one, or a newer export',
    });
  }
  if (config.ropeType === 'longrope') {
    return new UnsupportedModelError(
      'LongRoPE, which goes over to other rotary tables in long sequences',
      subject,
      { instead: 'Take a variant of the model with a shorter context, such as 4k instead of 128k' },
    );
  }
  return new UnsupportedModelError('control flow with a subgraph', subject, {
    instead: 'Take an export of the model without it',
  });
}
