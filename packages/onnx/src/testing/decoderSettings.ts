/** What a random decoder is made of, and two sizes that tests and benches share. */

/** Sizes and style of a random decoder. */
export interface RandomDecoderSettings {
  layers: number;
  /** Width of the residual stream; a multiple of 32 with `q4` weights. */
  hiddenSize: number;
  heads: number;
  /** Divides `heads`. */
  keyValueHeads: number;
  /** Width of a head, even. Default hiddenSize / heads. */
  headSize?: number;
  /** Width inside the MLP; a multiple of 32 with `q4` weights. */
  intermediateSize: number;
  /** At least 272 where a tokenizer is written. */
  vocabularySize: number;
  /** Rows of the rotary tables, in tokens. */
  contextLength: number;
  /** `q4`: MatMulNBits in blocks of 32; `f32`: plain MatMul. */
  weights: 'q4' | 'f32';
  /**
   * `fused`: GroupQueryAttention and fused norms, as newer exports are; `plain`: standard operators, concatenated
   * caches and position ids, as older ones are (with `f32` weights only). Default `fused`.
   */
  style?: 'fused' | 'plain';
  /** With `q4`: whether blocks have zero points of their own instead of the middle. Default false. */
  zeroPoints?: boolean;
  /** Embedding and head share one weight. Default true. */
  tiedHead?: boolean;
  /** accuracy_level of MatMulNBits: 0 to 4. Default 4, as the Hub's q4 models have it. */
  accuracyLevel?: number;
  /** Equal seeds and sizes give equal bytes. Default 1. */
  seed?: number;
  /** Leaves the weights as holes of zeros, for models larger than the disk; answers are then meaningless. Default false. */
  sparse?: boolean;
  /** The graph's file name without its ending. Default `model`. */
  graph?: string;
  /** Writes a byte-level tokenizer with a chat template. Default true. */
  tokenizer?: boolean;
}

/** Settings with every default filled in. */
export type FullDecoderSettings = Required<RandomDecoderSettings>;

/** The smallest model that still has everything: 4 layers, 0.2 M parameters. */
export const tinyDecoder: RandomDecoderSettings = {
  layers: 4,
  hiddenSize: 64,
  heads: 4,
  keyValueHeads: 2,
  intermediateSize: 128,
  vocabularySize: 512,
  contextLength: 256,
  weights: 'q4',
};

/** As large as SmolLM2-135M: 30 layers, 135 M parameters, about 85 MB on disk. */
export const benchDecoder: RandomDecoderSettings = {
  layers: 30,
  hiddenSize: 576,
  heads: 9,
  keyValueHeads: 3,
  intermediateSize: 1536,
  vocabularySize: 49152,
  contextLength: 4096,
  weights: 'q4',
};

/** @throws RangeError where sizes do not fit together */
export function fillDecoderSettings(settings: RandomDecoderSettings): FullDecoderSettings {
  const full: FullDecoderSettings = {
    headSize: settings.hiddenSize / settings.heads,
    style: 'fused',
    zeroPoints: false,
    tiedHead: true,
    accuracyLevel: 4,
    seed: 1,
    sparse: false,
    graph: 'model',
    tokenizer: true,
    ...settings,
  };
  const require = (holds: boolean, what: string): void => {
    if (!holds) throw new RangeError(`A random decoder needs ${what}`);
  };
  require(full.headSize % 2 === 0, 'an even head size');
  require(full.heads % full.keyValueHeads === 0, 'heads that are a multiple of the key-value heads');
  require(!full.tokenizer || full.vocabularySize >= 272, 'a vocabulary of at least 272 for its tokenizer');
  require(full.style === 'fused' || full.weights === 'f32', 'f32 weights in the plain style');
  const widths = [full.hiddenSize, full.intermediateSize, full.heads * full.headSize];
  require(full.weights === 'f32' ||
    widths.every((width) => width % 32 === 0), 'widths in multiples of 32 for q4');
  return full;
}
