/** Blockwise quantised weights of MatMulNBits as the float32 matrix that they stand for. */

export interface BlockwiseWeight {
  /** Length of the activations' last axis: K. */
  rows: number;
  /** Length of the product's last axis: N. */
  columns: number;
  bits: 4 | 8;
  /** Inputs that share a scale. */
  blockSize: number;
  /** [columns, blocks, blockSize * bits / 8]; of 4 bits, the low half of a byte comes first. */
  blocks: Uint8Array;
  /** [columns, blocks] */
  scales: Float32Array;
  /** [columns, blocks], of 4 bits packed as the weights are, each column in whole bytes; absent for the middle value. */
  zeroPoints: Uint8Array | undefined;
}

/** Columns that are written together: a cache line of the result. */
const tileColumns = 16;

/** @returns (weight - zero point) * scale, [rows, columns] */
export function unpackBlocks(weight: BlockwiseWeight): Float32Array<ArrayBuffer> {
  const { rows, columns, bits, blockSize, blocks, scales, zeroPoints } = weight;
  const blockCount = Math.ceil(rows / blockSize);
  const columnBytes = (blockCount * blockSize * bits) / 8;
  const zeroPointBytes = Math.ceil((blockCount * bits) / 8);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  const middle = 1 << (bits - 1);
  const result = new Float32Array(rows * columns);
  for (let left = 0; left < columns; left += tileColumns) {
    const right = Math.min(left + tileColumns, columns);
    for (let block = 0; block < blockCount; block++) {
      const top = block * blockSize;
      const bottom = Math.min(top + blockSize, rows);
      for (let column = left; column < right; column++) {
        const scale = scales[column * blockCount + block] as number;
        const zeroPoint = zeroPoints
          ? ((zeroPoints[column * zeroPointBytes + Math.floor(block / perByte)] as number) >>
              ((block % perByte) * bits)) &
            mask
          : middle;
        const start = column * columnBytes;
        if (bits === 8) {
          for (let row = top; row < bottom; row++) {
            result[row * columns + column] = ((blocks[start + row] as number) - zeroPoint) * scale;
          }
        } else {
          for (let row = top; row < bottom; row++) {
            const half = ((blocks[start + (row >> 1)] as number) >> ((row & 1) * 4)) & mask;
            result[row * columns + column] = (half - zeroPoint) * scale;
          }
        }
      }
    }
  }
  return result;
}
