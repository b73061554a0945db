/** Inputs for trying a stage: the same everywhere, and unlike zeros. */
import type { StepRequest } from '@potluck/engine';
import type { FrameTensor, StageDescription } from '@potluck/protocol';

/** What a step of the stage reads: token ids at the start of a model, else boundary tensors. */
export function testInputs(
  { inputs, boundaryIn, vocabularySize }: StageDescription,
  position: number,
  length: number,
): Pick<StepRequest, 'tokenIds' | 'boundary'> {
  const next = numbers(position + 1);
  const boundary = boundaryIn.map(({ type, dims }): FrameTensor => {
    const shape = dims.map((dim) => {
      if (dim === 'step') return length;
      if (dim === 'past') return position;
      return dim === 'total' ? position + length : dim;
    });
    const count = shape.reduce((product, dim) => product * dim, 1);
    if (type === 'float16') return { type, dims: shape, bytes: bytesOf(halves(count, next)) };
    if (type !== 'float32') throw new TypeError(`a boundary of type ${type}`);
    return { type, dims: shape, bytes: bytesOf(Float32Array.from({ length: count }, () => 2 * next() - 1)) };
  });
  const takesTokens = inputs.some(({ role }) => role === 'token-ids');
  const tokenIds = Array.from({ length }, () => Math.floor(next() * vocabularySize));
  return { ...(takesTokens && { tokenIds }), ...(boundary.length > 0 && { boundary }) };
}

/** Bits of halves of both signs from 1/8 to 1. */
function halves(count: number, next: () => number): Uint16Array<ArrayBuffer> {
  return Uint16Array.from({ length: count }, () => {
    const sign = next() < 0.5 ? 0 : 0x8000;
    const exponent = 12 + Math.floor(next() * 3);
    return sign | (exponent << 10) | Math.floor(next() * 1024);
  });
}

const bytesOf = (values: Float32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(values.buffer);

/** Numbers in [0, 1) by a linear congruential generator (Numerical Recipes' constants). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
