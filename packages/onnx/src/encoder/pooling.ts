/** Makes one vector of an encoder's outputs inside the graph: pooling over tokens, then dense layers. */
import { UnsupportedModelError } from '../errors.ts';
import { makeNode } from '../graph/nodes.ts';
import { int64Tensor } from '../graph/simplifyGraph.ts';
import type { OnnxAttribute, OnnxModel, OnnxTensor } from '../model.ts';

/** In the order in which Sentence Transformers puts them side by side, where a model has several. */
export const poolingModes = ['cls', 'max', 'mean', 'mean-sqrt', 'weighted-mean', 'last'] as const;
export type PoolingMode = (typeof poolingModes)[number];

export const activations = ['identity', 'tanh', 'relu', 'sigmoid'] as const;
export type Activation = (typeof activations)[number];

/** A layer behind pooling: y = activation(x · weightᵀ + bias). */
export interface DenseLayer {
  inputSize: number;
  outputSize: number;
  /** [outputSize, inputSize] */
  weight: Float32Array;
  /** [outputSize] */
  bias: Float32Array | undefined;
  activation: Activation;
}

const float32Code = 1;
/** Lower than any activation: what padding has where the largest is wanted. */
const veryLow = -1e30;
/** ReduceMax takes its axes as an input from here on. */
const axesAsInputSince = 18;
/** CumSum and Clip's inputs are there from here on. */
const leastOpset = 11;

/**
 * Appends nodes that pool `tokens` [batch, tokens, width] by `mask` [batch, tokens] of ones and zeros, in float32 whatever the
 * model computes in. Tokens whose mask is 0 change nothing, wherever they stand.
 * @returns name of the pooled value [batch, width × modes]
 * @throws {UnsupportedModelError} if the graph is of too old an operator set
 */
export function appendPooling(
  model: OnnxModel,
  { tokens, mask }: { tokens: string; mask: string },
  modes: readonly PoolingMode[],
): string {
  const opset = model.opsets.get('') ?? 0;
  if (opset < leastOpset)
    throw new UnsupportedModelError(`operator set ${opset}, and pooling needs ${leastOpset}`, 'opset');
  const build = new Appender(model, 'potluck/pooling');
  const hidden = build.node('Cast', [tokens], { to: float32Code });
  /** [batch, tokens] */
  const present = build.node('Cast', [mask], { to: float32Code });
  /** [batch, 1, tokens] and [batch, tokens, 1]: sums are products of matrices, which every device has. */
  const asRow = (value: string): string => build.node('Reshape', [value, build.integers([0, 1, -1])]);
  const asColumn = (value: string): string => build.node('Reshape', [value, build.integers([0, -1, 1])]);
  const flat = (value: string): string => build.node('Reshape', [value, build.integers([0, -1])]);
  const weighted = (weights: string): string => build.node('MatMul', [asRow(weights), hidden]);
  const count = (): string => build.node('MatMul', [asRow(present), asColumn(present)]);
  /** 1 for the first token that counts, 2 for the second, …; 0 for what does not. */
  const ranks = (): string => {
    const sums = build.node('CumSum', [present, build.integers([1], [])]);
    return build.node('Mul', [sums, present]);
  };
  const pooled = poolingModes
    .filter((mode) => modes.includes(mode))
    .map((mode): string => {
      switch (mode) {
        case 'cls': {
          // The first token that counts: with padding on the left it is not the first.
          const isFirst = build.node('Equal', [ranks(), build.floats([1], [])]);
          return flat(weighted(build.node('Cast', [isFirst], { to: float32Code })));
        }
        case 'max': {
          const absent = build.node('Sub', [build.floats([1], []), asColumn(present)]);
          const low = build.node('Mul', [absent, build.floats([veryLow], [])]);
          const masked = build.node('Add', [hidden, low]);
          return opset >= axesAsInputSince
            ? build.node('ReduceMax', [masked, build.integers([1])], { keepdims: 0 })
            : build.node('ReduceMax', [masked], { keepdims: 0, axes: [1] });
        }
        case 'mean':
          return flat(build.node('Div', [weighted(present), count()]));
        case 'mean-sqrt':
          return flat(build.node('Div', [weighted(present), build.node('Sqrt', [count()])]));
        case 'weighted-mean': {
          const weights = ranks();
          const sum = build.node('MatMul', [asRow(weights), asColumn(present)]);
          return flat(build.node('Div', [weighted(weights), sum]));
        }
        case 'last': {
          const isLast = build.node('Equal', [ranks(), flat(count())]);
          return flat(weighted(build.node('Cast', [isLast], { to: float32Code })));
        }
      }
    });
  const [only] = pooled;
  if (only === undefined) throw new UnsupportedModelError('pooling of no kind', 'pooling');
  return pooled.length === 1 ? only : build.node('Concat', pooled, { axis: 1 });
}

/**
 * Appends dense layers behind `value` [batch, inputSize].
 * @returns name of what comes out [batch, outputSize of the last]
 */
export function appendDense(model: OnnxModel, value: string, layers: readonly DenseLayer[]): string {
  let current = value;
  for (const [index, { inputSize, outputSize, weight, bias, activation }] of layers.entries()) {
    const build = new Appender(model, `potluck/dense-${index}`);
    const inputs = [current, build.floats(weight, [outputSize, inputSize])];
    if (bias) inputs.push(build.floats(bias, [outputSize]));
    current = build.node('Gemm', inputs, { transB: 1 });
    if (activation === 'tanh') current = build.node('Tanh', [current]);
    else if (activation === 'relu') current = build.node('Relu', [current]);
    else if (activation === 'sigmoid') current = build.node('Sigmoid', [current]);
  }
  return current;
}

/** Appends a conversion to float32. @returns the value's name */
export function appendFloat32(model: OnnxModel, value: string): string {
  return new Appender(model, 'potluck/encoding').node('Cast', [value], { to: float32Code });
}

class Appender {
  readonly #model: OnnxModel;
  readonly #prefix: string;
  #count = 0;

  constructor(model: OnnxModel, prefix: string) {
    this.#model = model;
    this.#prefix = prefix;
  }

  /** @returns the node's one output */
  node(opType: string, inputs: string[], attributes: Record<string, number | number[]> = {}): string {
    const node = makeNode(opType, inputs, this.#name(opType));
    for (const [name, value] of Object.entries(attributes)) {
      const attribute: OnnxAttribute =
        typeof value === 'number'
          ? { type: 'int', value: BigInt(value) }
          : { type: 'ints', value: value.map(BigInt) };
      node.attributes.set(name, attribute);
    }
    this.#model.graph.nodes.push(node);
    return node.outputs[0] ?? '';
  }

  /** @param dims default: one axis */
  integers(values: number[], dims?: number[]): string {
    return this.#constant(int64Tensor(this.#name('int64'), values.map(BigInt), dims));
  }

  floats(values: Float32Array | number[], dims: number[]): string {
    const bytes = new Uint8Array(Float32Array.from(values).buffer);
    const name = this.#name('float32');
    return this.#constant({ name, type: 'float32', dims, data: { kind: 'inline', bytes } });
  }

  #constant(tensor: OnnxTensor): string {
    this.#model.graph.initializers.set(tensor.name, tensor);
    return tensor.name;
  }

  #name(what: string): string {
    return `${this.#prefix}/${what}-${this.#count++}`;
  }
}
