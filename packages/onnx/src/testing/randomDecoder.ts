/** Writes decoders with random weights, laid out as a Hugging Face repository, for tests and benches. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeModel } from '../protobuf/writeModel.ts';
import {
  fillDecoderSettings,
  type FullDecoderSettings,
  type RandomDecoderSettings,
} from './decoderSettings.ts';
import { fusedDecoder } from './fusedDecoder.ts';
import { plainDecoder } from './plainDecoder.ts';
import { RandomWeights } from './randomWeights.ts';
import { specialTokens, stopTokenId, tinyTokenizer } from './tinyTokenizer.ts';
import { WeightFile } from './weightFile.ts';

export {
  encoderWidth,
  meanPoolingFiles,
  writeRandomEncoder,
  type RandomEncoderSettings,
} from './randomEncoder.ts';
export { stopTokenId } from './tinyTokenizer.ts';
export { benchDecoder, tinyDecoder, type RandomDecoderSettings } from './decoderSettings.ts';

/** The graph of a random decoder that has the default name, relative to its directory; its weights are beside it, in `model.onnx_data`. */
export const randomDecoderGraph = 'onnx/model.onnx';

/**
 * Writes config.json, generation_config.json, a tokenizer (unless left out), `onnx/model.onnx` and
 * `onnx/model.onnx_data` into `directory`, which is made. Equal settings give equal bytes. Weights are written as they
 * are drawn: memory stays at a few megabytes whatever the size, except that a graph without weights is held.
 * @throws RangeError where the sizes do not fit together
 */
export async function writeRandomDecoder(directory: string, settings: RandomDecoderSettings): Promise<void> {
  const full = fillDecoderSettings(settings);
  await mkdir(path.join(directory, 'onnx'), { recursive: true });
  const graphFile = path.join(directory, 'onnx', `${full.graph}.onnx`);
  const weightFile = await WeightFile.create(`${graphFile}_data`, full.sparse);
  try {
    const drawDecoder = full.style === 'fused' ? fusedDecoder : plainDecoder;
    const model = await drawDecoder(full, new RandomWeights(weightFile, full));
    await writeFile(graphFile, writeModel(model));
  } finally {
    await weightFile.close();
  }
  await writeJson(directory, 'config.json', configuration(full));
  await writeJson(directory, 'generation_config.json', {
    bos_token_id: specialTokens.indexOf('<|im_start|>'),
    eos_token_id: stopTokenId,
  });
  if (!full.tokenizer) return;
  const { tokenizer, configuration: tokenizerConfiguration } = tinyTokenizer(full.vocabularySize);
  await writeJson(directory, 'tokenizer.json', tokenizer);
  await writeJson(directory, 'tokenizer_config.json', tokenizerConfiguration);
}

function configuration(settings: FullDecoderSettings): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    bos_token_id: specialTokens.indexOf('<|im_start|>'),
    eos_token_id: stopTokenId,
    head_dim: settings.headSize,
    hidden_act: 'silu',
    hidden_size: settings.hiddenSize,
    intermediate_size: settings.intermediateSize,
    max_position_embeddings: settings.contextLength,
    num_attention_heads: settings.heads,
    num_hidden_layers: settings.layers,
    num_key_value_heads: settings.keyValueHeads,
    rms_norm_eps: 1e-5,
    rope_theta: 10_000,
    tie_word_embeddings: settings.tiedHead,
    vocab_size: settings.vocabularySize,
  };
}

async function writeJson(directory: string, name: string, value: object): Promise<void> {
  await writeFile(path.join(directory, name), `${JSON.stringify(value, undefined, 2)}\n`);
}
