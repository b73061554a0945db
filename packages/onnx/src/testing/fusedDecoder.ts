/** A decoder as newer exports draw it: one operator for attention, fused norms, no position ids. */
import type { OnnxModel } from '../model.ts';
import type { FullDecoderSettings } from './decoderSettings.ts';
import { GraphBuilder } from './graphBuilder.ts';
import { blockSize, branchSpread, logitSpread, queryKeySpread, type RandomWeights } from './randomWeights.ts';

const epsilon = { float: 1e-5 };

/** Draws the graph and writes its weights. Value names follow onnxruntime-genai's model builder. */
export async function fusedDecoder(
  settings: FullDecoderSettings,
  weights: RandomWeights,
): Promise<OnnxModel> {
  const { layers, hiddenSize, keyValueHeads, headSize, vocabularySize } = settings;
  const builder = new GraphBuilder('main_graph');
  builder.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  builder.input('attention_mask', 'int64', ['batch_size', 'total_sequence_length']);
  const cache = (length: string) => ['batch_size', keyValueHeads, length, headSize];
  builder.output('logits', 'float32', ['batch_size', 'sequence_length', vocabularySize]);
  for (let layer = 0; layer < layers; layer += 1) {
    for (const kind of ['key', 'value']) {
      builder.input(`past_key_values.${layer}.${kind}`, 'float32', cache('past_sequence_length'));
      builder.output(`present.${layer}.${kind}`, 'float32', cache('total_sequence_length'));
    }
  }

  const lengths = addMaskLengths(builder);
  const head = await addHeadWeights(builder, settings, weights);
  let residual = head.embedded;
  let normalised = builder.node(
    'SimplifiedLayerNormalization',
    '/model/layers.0/input_layernorm/LayerNorm',
    [residual, builder.initializer(await weights.normWeight('model.layers.0.input_layernorm.weight'))],
    { axis: -1, epsilon, stash_type: 1 },
  );
  const tables = [
    builder.initializer(await weights.rotaryTable('cos_cache', Math.cos)),
    builder.initializer(await weights.rotaryTable('sin_cache', Math.sin)),
  ];
  /** Adds `branch` to the residual stream and normalises the sum. */
  const addAndNormalise = async (branch: string, norm: string): Promise<void> => {
    const name = `/model/${norm}/SkipLayerNorm`;
    const weight = builder.initializer(await weights.normWeight(`model.${norm}.weight`));
    const outputs = [`/model/${norm}/output_0`, '', '', `/model/${norm}/output_3`];
    normalised = builder.node(
      'com.microsoft.SkipSimplifiedLayerNormalization',
      name,
      [residual, branch, weight],
      { epsilon },
      outputs,
    );
    residual = outputs[3] ?? '';
  };

  const attentionSize = settings.heads * headSize;
  for (let layer = 0; layer < layers; layer += 1) {
    const prefix = `layers.${layer}`;
    const linear = (name: string, input: string, inputs: number, outputs: number, spread = 1) =>
      addLinear(builder, settings, weights, `${prefix}.${name}`, input, inputs, outputs, spread);
    const queriesKeysValues = await linear(
      'attn.qkv_proj',
      normalised,
      hiddenSize,
      attentionSize + 2 * keyValueHeads * headSize,
      queryKeySpread,
    );
    const attended = builder.node(
      'com.microsoft.GroupQueryAttention',
      `/model/${prefix}/attn/GroupQueryAttention`,
      [
        ...[queriesKeysValues, '', ''],
        ...[`past_key_values.${layer}.key`, `past_key_values.${layer}.value`],
        ...[...lengths, ...tables],
      ],
      {
        num_heads: settings.heads,
        kv_num_heads: keyValueHeads,
        scale: { float: 1 / Math.sqrt(headSize) },
        do_rotary: 1,
        rotary_interleaved: 0,
        local_window_size: -1,
        softcap: { float: 0 },
      },
      [`/model/${prefix}/attn/output_0`, `present.${layer}.key`, `present.${layer}.value`],
    );
    await addAndNormalise(
      await linear('attn.o_proj', attended, attentionSize, hiddenSize, branchSpread),
      `${prefix}.post_attention_layernorm`,
    );
    const gate = await linear('mlp.gate_proj', normalised, hiddenSize, settings.intermediateSize);
    const up = await linear('mlp.up_proj', normalised, hiddenSize, settings.intermediateSize);
    const sigmoid = builder.node('Sigmoid', `/model/${prefix}/mlp/act_fn/Sigmoid`, [gate]);
    const activated = builder.node('Mul', `/model/${prefix}/mlp/act_fn/Mul`, [gate, sigmoid]);
    const product = builder.node('Mul', `/model/${prefix}/mlp/Mul`, [activated, up]);
    const isLast = layer === layers - 1;
    await addAndNormalise(
      await linear('mlp.down_proj', product, settings.intermediateSize, hiddenSize, branchSpread),
      isLast ? `layers.${layers}.final_norm_layernorm` : `layers.${layer + 1}.input_layernorm`,
    );
  }
  head.addLogits(normalised);
  return builder.model({ '': 21, 'com.microsoft': 1 });
}

/** The lengths that GroupQueryAttention takes, from the attention mask: [seqlens_k, total_sequence_length]. */
function addMaskLengths(builder: GraphBuilder): string[] {
  const prefix = '/model/attn_mask_reformat/attn_mask_subgraph';
  const ones = builder.integers('/model/constants/INT64/[1]', [1]);
  const sum = builder.node('ReduceSum', `${prefix}/ReduceSum`, ['attention_mask', ones], { keepdims: 0 });
  const last = builder.node('Sub', `${prefix}/Sub`, [sum, ones]);
  const seqlens = builder.node('Cast', `${prefix}/Sub/Cast`, [last], { to: 6 });
  const shape = builder.node('Shape', `${prefix}/Shape`, ['attention_mask']);
  const one = builder.integers('/model/constants/INT64/1', 1);
  const total = builder.node('Gather', `${prefix}/Gather`, [shape, one], { axis: 0 });
  return [seqlens, builder.node('Cast', `${prefix}/Gather/Cast`, [total], { to: 6 })];
}

/** Adds the embedding look-up; the head follows when the last hidden states are known. */
async function addHeadWeights(
  builder: GraphBuilder,
  settings: FullDecoderSettings,
  weights: RandomWeights,
): Promise<{ embedded: string; addLogits(hidden: string): void }> {
  const { hiddenSize, vocabularySize, tiedHead } = settings;
  const deviation = logitSpread / Math.sqrt(hiddenSize);
  if (settings.weights === 'f32') {
    const dims = [vocabularySize, hiddenSize];
    const table = builder.initializer(await weights.floats('model.embed_tokens.weight', dims, deviation));
    const embedded = builder.node('Gather', '/model/embed_tokens/Gather', [table, 'input_ids']);
    const head = tiedHead
      ? builder.node('Transpose', '/lm_head/Transpose', [table], { perm: [1, 0] })
      : builder.initializer(
          await weights.floats('lm_head.MatMul.weight', [hiddenSize, vocabularySize], deviation),
        );
    return {
      embedded,
      addLogits: (hidden) => void builder.node('MatMul', '/lm_head/MatMul', [hidden, head], {}, ['logits']),
    };
  }
  const names = (await weights.nibbles('lm_head.MatMul.weight', hiddenSize, vocabularySize, deviation)).map(
    (tensor) => builder.initializer(tensor),
  );
  const source = tiedHead
    ? names
    : (await weights.nibbles('model.embed_tokens.weight', hiddenSize, vocabularySize, deviation)).map(
        (tensor) => builder.initializer(tensor),
      );
  const [table = '', ...quantization] = source;
  // The head's blocks [vocabulary, blocks, 16] are the table's rows [vocabulary, hidden / 2].
  const rows = builder.integers('/model/constants/INT64/embedding_rows', [vocabularySize, hiddenSize / 2]);
  const flat = builder.node('Reshape', '/model/embed_tokens/Reshape', [table, rows]);
  const embedded = builder.node(
    'com.microsoft.GatherBlockQuantized',
    '/model/embed_tokens/GatherBlockQuantized',
    [flat, 'input_ids', ...quantization],
    { bits: 4, block_size: blockSize, gather_axis: 0, quantize_axis: 1 },
  );
  return {
    embedded,
    addLogits: (hidden) =>
      void addNibbleMatMul(
        builder,
        settings,
        '/lm_head/MatMul',
        [hidden, ...names],
        hiddenSize,
        vocabularySize,
        'logits',
      ),
  };
}

/** Adds a weight from `inputs` to `outputs` values; values that spread by 1 come out spreading by `spread`. */
async function addLinear(
  builder: GraphBuilder,
  settings: FullDecoderSettings,
  weights: RandomWeights,
  name: string,
  input: string,
  inputs: number,
  outputs: number,
  spread: number,
): Promise<string> {
  const deviation = spread / Math.sqrt(inputs);
  const weightName = `model.${name}.MatMul.weight`;
  const nodeName = `/model/${name}/MatMul`;
  if (settings.weights === 'f32') {
    const weight = builder.initializer(await weights.floats(weightName, [inputs, outputs], deviation));
    return builder.node('MatMul', nodeName, [input, weight]);
  }
  const tensors = await weights.nibbles(weightName, inputs, outputs, deviation);
  const names = tensors.map((tensor) => builder.initializer(tensor));
  return addNibbleMatMul(
    builder,
    settings,
    nodeName,
    [input, ...names],
    inputs,
    outputs,
    `${nodeName}/output_0`,
  );
}

function addNibbleMatMul(
  builder: GraphBuilder,
  settings: FullDecoderSettings,
  name: string,
  inputs: string[],
  K: number,
  N: number,
  output: string,
): string {
  const attributes = { K, N, bits: 4, block_size: blockSize, accuracy_level: settings.accuracyLevel };
  return builder.node('com.microsoft.MatMulNBits', name, inputs, attributes, [output]);
}
