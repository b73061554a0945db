import { expect, it } from 'vitest';
import { unpackBlocks, type BlockwiseWeight } from './unpackBlocks.ts';

/** Bytes that look like none in particular. */
const noise = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 197 + (index >> 3) * 31) & 0xff);

/** One element, read as the operator's documentation says. */
function element({ rows, bits, blockSize, ...weight }: BlockwiseWeight, row: number, column: number): number {
  const blockCount = Math.ceil(rows / blockSize);
  const packed = (bytes: Uint8Array, index: number): number =>
    bits === 8 ? (bytes[index] ?? 0) : ((bytes[index >> 1] ?? 0) >> (index % 2 === 0 ? 0 : 4)) & 15;
  const block = Math.floor(row / blockSize);
  const value = packed(weight.blocks, column * blockCount * blockSize + row);
  const zeroPointsOfColumn = bits === 8 ? blockCount : Math.ceil(blockCount / 2) * 2;
  const zeroPoint = weight.zeroPoints
    ? packed(weight.zeroPoints, column * zeroPointsOfColumn + block)
    : 2 ** (bits - 1);
  return Math.fround((value - zeroPoint) * (weight.scales[column * blockCount + block] ?? 0));
}

for (const bits of [4, 8] as const) {
  for (const hasZeroPoints of [false, true]) {
    it(`unpacks ${bits} bits ${hasZeroPoints ? 'with' : 'without'} zero points, the last block not full`, () => {
      const [rows, columns, blockSize] = [75, 37, 32];
      const blockCount = 3;
      const weight: BlockwiseWeight = {
        ...{ rows, columns, bits, blockSize },
        blocks: noise((columns * blockCount * blockSize * bits) / 8),
        scales: Float32Array.from({ length: columns * blockCount }, (_, index) => 0.01 * (index - 40)),
        zeroPoints: hasZeroPoints ? noise(columns * Math.ceil((blockCount * bits) / 8)) : undefined,
      };
      const floats = unpackBlocks(weight);
      expect(floats).toHaveLength(rows * columns);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          expect(floats[row * columns + column]).toBe(element(weight, row, column));
        }
      }
    });
  }
}
