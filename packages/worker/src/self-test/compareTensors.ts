/** Whether two devices have computed the same. */
import type { FrameTensor } from '@potluck/protocol';

/**
 * Largest relative distance (root mean square) that counts as the same. Kernels with int8 activations, as CPUs use for
 * 4-bit weights, are about 0.01 off; wrong kernels are off by 0.1 and more.
 */
const tolerance = { float32: 0.04, float16: 0.06 };

/** @returns what is wrong, for people; undefined where they agree */
export function compareTensors(expected: FrameTensor, actual: FrameTensor | undefined): string | undefined {
  if (actual?.type !== expected.type || actual.bytes.byteLength !== expected.bytes.byteLength) {
    return 'the result has another shape than it should';
  }
  if (expected.type !== 'float32' && expected.type !== 'float16') return undefined;
  const [wanted, got] = [numbersOf(expected), numbersOf(actual)];
  let distance = 0;
  let size = 0;
  for (const [index, value] of wanted.entries()) {
    const other = got[index] as number;
    if (!Number.isFinite(other) && Number.isFinite(value)) return 'a number is infinite or none';
    distance += (value - other) ** 2;
    size += value ** 2;
  }
  const relative = Math.sqrt(distance / Math.max(size, Number.MIN_VALUE));
  if (relative <= tolerance[expected.type]) return undefined;
  return `off by ${(100 * relative).toFixed(1)} %`;
}

function numbersOf({ type, bytes }: FrameTensor): Float32Array {
  const own = bytes.slice();
  if (type === 'float32') return new Float32Array(own.buffer);
  return Float32Array.from(new Uint16Array(own.buffer), halfToNumber);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
