/** The weights of a random decoder: scaled so that activations stay near one and greedy decoding wanders. */
import type { OnnxTensor } from '../model.ts';
import type { FullDecoderSettings } from './decoderSettings.ts';
import { nextSigned, randomBits } from './randomBits.ts';
import type { FillChunk, WeightFile } from './weightFile.ts';

/** Inputs that share a scale in q4 weights, as the Hub's q4 models have it. */
export const blockSize = 32;

/** Standard deviation of the logits: that of trained models, about. */
export const logitSpread = 3;

/** How far layers outweigh the embedding in the residual stream: with less, tied models repeat their last token. */
export const branchSpread = 4;

/**
 * Spread of queries, keys and values. With 1, attention is so even that short answers have 3 to 10 different tokens of
 * 24; with 2, 12 to 20; with 3, rounding in q4 kernels begins to change answers.
 */
export const queryKeySpread = 2;

/** Standard deviation of a nibble drawn by `balancedNibbles`, around 8. */
const nibbleDeviation = Math.sqrt((2 * (1 + 4 + 9 + 16 + 25 + 36 + 49)) / 16);

/** Random bytes to pairs of nibbles whose mean is 8: 0 would be the lone -8, so it becomes 8. A bias would swamp the rest. */
const balancedNibbles = Uint8Array.from({ length: 256 }, (_, byte) => {
  const low = byte & 15 || 8;
  const high = byte >> 4 || 8;
  return low | (high << 4);
});

/** Base of the rotary angles. */
const rotaryBase = 10_000;

/** Makes the tensors of one decoder in its data file. */
export class RandomWeights {
  readonly #file: WeightFile;
  readonly #settings: FullDecoderSettings;

  constructor(file: WeightFile, settings: FullDecoderSettings) {
    this.#file = file;
    this.#settings = settings;
  }

  /** float32 of any shape, uniform around zero with this standard deviation. */
  floats(name: string, dims: number[], deviation: number): Promise<OnnxTensor> {
    const bits = randomBits(this.#settings.seed, name);
    const reach = deviation * Math.sqrt(3);
    return this.#file.add(
      name,
      'float32',
      dims,
      fillFloats(() => nextSigned(bits) * reach),
    );
  }

  /** float32 [width], close to one, as the weights of a norm are. */
  normWeight(name: string): Promise<OnnxTensor> {
    const bits = randomBits(this.#settings.seed, name);
    return this.#file.add(
      name,
      'float32',
      [this.#settings.hiddenSize],
      fillFloats(() => 1 + nextSigned(bits) / 8),
    );
  }

  /**
   * A matrix from `inputs` to `outputs` values in 4 bits: uint8 [outputs, blocks, 16], float32 scales
   * [outputs, blocks] and, where the settings ask for them, packed zero points [outputs, ceil(blocks / 2)].
   */
  async nibbles(name: string, inputs: number, outputs: number, deviation: number): Promise<OnnxTensor[]> {
    const blocks = inputs / blockSize;
    const { seed, zeroPoints } = this.#settings;
    const bits = randomBits(seed, name);
    const scaleBits = randomBits(seed, `${name} scales`);
    const scale = deviation / nibbleDeviation;
    const tensors = [
      await this.#file.add(`${name}_Q4`, 'uint8', [outputs, blocks, blockSize / 2], (chunk) => {
        const words = new Int32Array(chunk.buffer, chunk.byteOffset, chunk.length >> 2);
        for (let place = 0; place < words.length; place += 1) words[place] = bits();
        for (let place = 0; place < chunk.length; place += 1)
          chunk[place] = balancedNibbles[chunk[place] ?? 0] ?? 0;
      }),
      await this.#file.add(
        `${name}_scales`,
        'float32',
        [outputs, blocks],
        fillFloats(() => scale * (1 + nextSigned(scaleBits) / 4)),
      ),
    ];
    if (!zeroPoints) return tensors;
    const zeroPointBits = randomBits(seed, `${name} zero points`);
    const dims = [outputs, Math.ceil(blocks / 2)];
    const zeroPoint = (): number => 7 + ((zeroPointBits() >>> 8) % 3);
    const fill: FillChunk = (chunk) => {
      for (let place = 0; place < chunk.length; place += 1) chunk[place] = zeroPoint() | (zeroPoint() << 4);
    };
    return [...tensors, await this.#file.add(`${name}_zero_points`, 'uint8', dims, fill)];
  }

  /** float32 [contextLength, headSize / 2]: a function of position times inverse frequency. */
  rotaryTable(name: string, of: (angle: number) => number): Promise<OnnxTensor> {
    const { contextLength, headSize } = this.#settings;
    const columns = headSize / 2;
    const frequencies = inverseFrequencies(headSize);
    const fill = fillFloats((place) => of(Math.floor(place / columns) * (frequencies[place % columns] ?? 0)));
    return this.#file.add(name, 'float32', [contextLength, columns], fill);
  }
}

/** Radians a token that each pair of a head's values turns by. */
export function inverseFrequencies(headSize: number): number[] {
  return Array.from({ length: headSize / 2 }, (_, pair) => rotaryBase ** ((-2 * pair) / headSize));
}

/** Fills float32 chunks by element number. */
function fillFloats(valueAt: (place: number) => number): FillChunk {
  return (chunk, offset) => {
    const values = new Float32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4);
    const first = offset / 4;
    for (let place = 0; place < values.length; place += 1) values[place] = valueAt(first + place);
  };
}
