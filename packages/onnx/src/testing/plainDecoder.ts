/** A decoder as older exports draw it: standard operators, concatenated caches, position ids, shapes computed on the way. */
import type { OnnxModel } from '../model.ts';
import type { FullDecoderSettings } from './decoderSettings.ts';
import { GraphBuilder } from './graphBuilder.ts';
import {
  branchSpread,
  inverseFrequencies,
  logitSpread,
  queryKeySpread,
  type RandomWeights,
} from './randomWeights.ts';

/** What masks a position: the most negative float32. */
const masked = -3.4028234663852886e38;

/** Draws the graph and writes its weights. Value names follow torch.onnx.export. */
export async function plainDecoder(
  settings: FullDecoderSettings,
  weights: RandomWeights,
): Promise<OnnxModel> {
  const { layers, hiddenSize, intermediateSize, heads, keyValueHeads, headSize, vocabularySize } = settings;
  const builder = new GraphBuilder('main_graph');
  const sequence = ['batch_size', 'sequence_length'];
  builder.input('input_ids', 'int64', sequence);
  builder.input('attention_mask', 'int64', ['batch_size', 'past_sequence_length + sequence_length']);
  builder.input('position_ids', 'int64', sequence);
  builder.output('logits', 'float32', [...sequence, vocabularySize]);
  const cache = (length: string) => ['batch_size', keyValueHeads, length, headSize];
  for (let layer = 0; layer < layers; layer += 1) {
    for (const kind of ['key', 'value']) {
      builder.input(`past_key_values.${layer}.${kind}`, 'float32', cache('past_sequence_length'));
      builder.output(`present.${layer}.${kind}`, 'float32', cache('past_sequence_length + sequence_length'));
    }
  }

  const floats = async (name: string, inputs: number, outputs: number, spread: number): Promise<string> =>
    builder.initializer(await weights.floats(name, [inputs, outputs], spread));
  const linear = async (name: string, input: string, inputs: number, outputs: number, spread = 1) =>
    builder.node('MatMul', `/model/${name}/MatMul`, [
      input,
      await floats(`model.${name}.weight`, inputs, outputs, spread / Math.sqrt(inputs)),
    ]);
  const normalise = async (name: string, input: string): Promise<string> =>
    addNorm(
      builder,
      `/model/${name}`,
      input,
      builder.initializer(await weights.normWeight(`model.${name}.weight`)),
    );

  const embeddingSpread = logitSpread / Math.sqrt(hiddenSize);
  const table = await floats('model.embed_tokens.weight', vocabularySize, hiddenSize, embeddingSpread);
  let residual = builder.node('Gather', '/model/embed_tokens/Gather', [table, 'input_ids']);
  const mask = addMask(builder);
  const angles = addAngles(builder, headSize);

  for (let layer = 0; layer < layers; layer += 1) {
    const prefix = `layers.${layer}`;
    const scope = `/model/${prefix}/self_attn`;
    const input = await normalise(`${prefix}.input_layernorm`, residual);
    /** Projects and splits into heads: [batch, heads, step, head size]. */
    const project = async (name: string, count: number): Promise<string> => {
      const width = count * headSize;
      const flat = await linear(`${prefix}.self_attn.${name}`, input, hiddenSize, width, queryKeySpread);
      const shape = addShape(builder, `${scope}/${name}`, input, [-1, headSize]);
      const split = builder.node('Reshape', `${scope}/${name}/Reshape`, [flat, shape]);
      return builder.node('Transpose', `${scope}/${name}/Transpose`, [split], { perm: [0, 2, 1, 3] });
    };
    const queries = addRotation(builder, `${scope}/q`, await project('q_proj', heads), angles, headSize);
    const keys = addRotation(builder, `${scope}/k`, await project('k_proj', keyValueHeads), angles, headSize);
    const values = await project('v_proj', keyValueHeads);
    const [allKeys = '', allValues = ''] = [['key', keys] as const, ['value', values] as const].map(
      ([kind, added]) => {
        const present = `present.${layer}.${kind}`;
        builder.node(
          'Concat',
          `${scope}/${kind}/Concat`,
          [`past_key_values.${layer}.${kind}`, added],
          { axis: -2 },
          [present],
        );
        return addRepeat(builder, `${scope}/${kind}`, present, settings);
      },
    );
    const attended = addAttention(builder, scope, queries, allKeys, allValues, mask, headSize);
    const joined = builder.node('Reshape', `${scope}/Reshape`, [
      attended,
      addShape(builder, `${scope}/joined`, input, [-1]),
    ]);
    const branch = await linear(
      `${prefix}.self_attn.o_proj`,
      joined,
      heads * headSize,
      hiddenSize,
      branchSpread,
    );
    residual = builder.node('Add', `/model/${prefix}/Add`, [residual, branch]);

    const hidden = await normalise(`${prefix}.post_attention_layernorm`, residual);
    const gate = await linear(`${prefix}.mlp.gate_proj`, hidden, hiddenSize, intermediateSize);
    const up = await linear(`${prefix}.mlp.up_proj`, hidden, hiddenSize, intermediateSize);
    const sigmoid = builder.node('Sigmoid', `/model/${prefix}/mlp/act_fn/Sigmoid`, [gate]);
    const activated = builder.node('Mul', `/model/${prefix}/mlp/act_fn/Mul`, [gate, sigmoid]);
    const product = builder.node('Mul', `/model/${prefix}/mlp/Mul`, [activated, up]);
    const down = await linear(`${prefix}.mlp.down_proj`, product, intermediateSize, hiddenSize, branchSpread);
    residual = builder.node('Add', `/model/${prefix}/Add_1`, [residual, down]);
  }
  const head = settings.tiedHead
    ? builder.node('Transpose', '/lm_head/Transpose', [table], { perm: [1, 0] })
    : await floats('lm_head.weight', hiddenSize, vocabularySize, embeddingSpread);
  builder.node('MatMul', '/lm_head/MatMul', [await normalise('norm', residual), head], {}, ['logits']);
  return builder.model({ '': 18 });
}

/** Root mean square normalisation from its parts. */
function addNorm(builder: GraphBuilder, scope: string, input: string, weight: string): string {
  const square = builder.node('Pow', `${scope}/Pow`, [input, builder.floats(`${scope}/two`, 2)]);
  const axes = builder.integers(`${scope}/axes`, [-1]);
  const mean = builder.node('ReduceMean', `${scope}/ReduceMean`, [square, axes], { keepdims: 1 });
  const shifted = builder.node('Add', `${scope}/Add`, [mean, builder.floats(`${scope}/epsilon`, 1e-5)]);
  const root = builder.node('Sqrt', `${scope}/Sqrt`, [shifted]);
  const inverse = builder.node('Div', `${scope}/Div`, [builder.floats(`${scope}/one`, 1), root]);
  const scaled = builder.node('Mul', `${scope}/Mul`, [input, inverse]);
  return builder.node('Mul', `${scope}/Mul_1`, [weight, scaled]);
}

/** What is added to the scores, [batch, 1, step, total]; the past's length is the shape of the first cache. */
function addMask(builder: GraphBuilder): string {
  const scope = '/model/mask';
  const [zero, one] = [builder.integers(`${scope}/zero`, 0), builder.integers(`${scope}/one`, 1)];
  const pastShape = builder.node('Shape', `${scope}/Shape`, ['past_key_values.0.key']);
  const past = builder.node('Gather', `${scope}/Gather`, [pastShape, builder.integers(`${scope}/two`, 2)], {
    axis: 0,
  });
  const idsShape = builder.node('Shape', `${scope}/Shape_1`, ['input_ids']);
  const step = builder.node('Gather', `${scope}/Gather_1`, [idsShape, one], { axis: 0 });
  const total = builder.node('Add', `${scope}/Add`, [past, step]);
  const keyPlaces = builder.node('Range', `${scope}/Range`, [zero, total, one]);
  const queryPlaces = builder.node('Range', `${scope}/Range_1`, [past, total, one]);
  const column = builder.node('Unsqueeze', `${scope}/Unsqueeze`, [
    queryPlaces,
    builder.integers(`${scope}/last`, [1]),
  ]);
  const causal = builder.node('LessOrEqual', `${scope}/LessOrEqual`, [keyPlaces, column]);
  const given = builder.node('Cast', `${scope}/Cast`, ['attention_mask'], { to: 9 });
  const row = builder.node('Unsqueeze', `${scope}/Unsqueeze_1`, [
    given,
    builder.integers(`${scope}/axes`, [1, 2]),
  ]);
  const allowed = builder.node('And', `${scope}/And`, [causal, row]);
  const [nothing, everything] = [
    builder.floats(`${scope}/nothing`, 0),
    builder.floats(`${scope}/everything`, masked),
  ];
  return builder.node('Where', `${scope}/Where`, [allowed, nothing, everything]);
}

/** Cosines and sines of the positions' angles, [batch, 1, step, head size] each. */
function addAngles(builder: GraphBuilder, headSize: number): [cosines: string, sines: string] {
  const scope = '/model/rotary_emb';
  const column = builder.node('Unsqueeze', `${scope}/Unsqueeze`, [
    'position_ids',
    builder.integers(`${scope}/axis`, [2]),
  ]);
  const positions = builder.node('Cast', `${scope}/Cast`, [column], { to: 1 });
  const frequencies = builder.floats(`${scope}/inv_freq`, inverseFrequencies(headSize));
  const half = builder.node('Mul', `${scope}/Mul`, [positions, frequencies]);
  const whole = builder.node('Concat', `${scope}/Concat`, [half, half], { axis: -1 });
  const heads = builder.integers(`${scope}/heads`, [1]);
  const [cosines = '', sines = ''] = ['Cos', 'Sin'].map((function_) => {
    const values = builder.node(function_, `${scope}/${function_}`, [whole]);
    return builder.node('Unsqueeze', `${scope}/${function_}/Unsqueeze`, [values, heads]);
  });
  return [cosines, sines];
}

/** x * cos + rotateHalf(x) * sin. */
function addRotation(
  builder: GraphBuilder,
  scope: string,
  input: string,
  [cosines, sines]: [string, string],
  headSize: number,
): string {
  const bounds = [0, headSize / 2, headSize].map((place) =>
    builder.integers(`${scope}/bound_${place}`, [place]),
  );
  const axis = builder.integers(`${scope}/axis`, [3]);
  const [start = '', middle = '', end = ''] = bounds;
  const first = builder.node('Slice', `${scope}/Slice`, [input, start, middle, axis]);
  const second = builder.node('Slice', `${scope}/Slice_1`, [input, middle, end, axis]);
  const negative = builder.node('Neg', `${scope}/Neg`, [second]);
  const turned = builder.node('Concat', `${scope}/Concat`, [negative, first], { axis: -1 });
  const straight = builder.node('Mul', `${scope}/Mul`, [input, cosines]);
  return builder.node('Add', `${scope}/Add`, [
    straight,
    builder.node('Mul', `${scope}/Mul_1`, [turned, sines]),
  ]);
}

/** Keys or values once for every query head: [batch, heads, total, head size]. */
function addRepeat(
  builder: GraphBuilder,
  scope: string,
  input: string,
  settings: FullDecoderSettings,
): string {
  const { heads, keyValueHeads, headSize } = settings;
  const apart = builder.node('Unsqueeze', `${scope}/Unsqueeze`, [
    input,
    builder.integers(`${scope}/axis`, [2]),
  ]);
  const times = builder.integers(`${scope}/times`, [1, 1, heads / keyValueHeads, 1, 1]);
  const repeated = builder.node('Expand', `${scope}/Expand`, [apart, times]);
  const shape = builder.integers(`${scope}/shape`, [0, heads, -1, headSize]);
  return builder.node('Reshape', `${scope}/Reshape_repeated`, [repeated, shape]);
}

/** [batch, step, heads, head size], guarded against fully masked rows as torch's exporter does. */
function addAttention(
  builder: GraphBuilder,
  scope: string,
  queries: string,
  keys: string,
  values: string,
  mask: string,
  headSize: number,
): string {
  const scale = builder.floats(`${scope}/scale`, 1 / Math.sqrt(headSize));
  const scaled = builder.node('Mul', `${scope}/Mul`, [queries, scale]);
  const turned = builder.node('Transpose', `${scope}/Transpose`, [keys], { perm: [0, 1, 3, 2] });
  const scores = builder.node('MatMul', `${scope}/MatMul`, [scaled, turned]);
  const maskedScores = builder.node('Add', `${scope}/Add`, [scores, mask]);
  const probabilities = builder.node('Softmax', `${scope}/Softmax`, [maskedScores], { axis: -1 });
  const isNan = builder.node('IsNaN', `${scope}/IsNaN`, [probabilities]);
  const guarded = builder.node('Where', `${scope}/Where`, [
    isNan,
    builder.floats(`${scope}/zero`, 0),
    probabilities,
  ]);
  const attended = builder.node('MatMul', `${scope}/MatMul_1`, [guarded, values]);
  return builder.node('Transpose', `${scope}/Transpose_1`, [attended], { perm: [0, 2, 1, 3] });
}

/** A shape that starts with the batch and step of `like`, as torch's exporter computes it at every view. */
function addShape(builder: GraphBuilder, scope: string, like: string, rest: number[]): string {
  const shape = builder.node('Shape', `${scope}/Shape`, [like]);
  const axes = builder.integers(`${scope}/axes`, [0]);
  const lengths = [0, 1].map((axis) => {
    const place = builder.integers(`${scope}/axis_${axis}`, axis);
    const length = builder.node('Gather', `${scope}/Gather_${axis}`, [shape, place], { axis: 0 });
    return builder.node('Unsqueeze', `${scope}/Unsqueeze_${axis}`, [length, axes]);
  });
  return builder.node('Concat', `${scope}/Concat`, [...lengths, builder.integers(`${scope}/rest`, rest)], {
    axis: 0,
  });
}
