/** How elements of a tensor are laid out in memory. */
import type { ElementType } from '@potluck/protocol';
import type { Tensor } from 'onnxruntime-common';

/** Element types that a stage's inputs and outputs may have: those that fill whole bytes. */
export type StageElementType = Exclude<ElementType, 'int4' | 'uint4'>;

type TypedArrayConstructor = new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
) => ArrayBufferView;

const layouts: Record<StageElementType, { bytes: number; view: TypedArrayConstructor }> = {
  float32: { bytes: 4, view: Float32Array },
  float16: { bytes: 2, view: Uint16Array },
  float64: { bytes: 8, view: Float64Array },
  int64: { bytes: 8, view: BigInt64Array },
  uint64: { bytes: 8, view: BigUint64Array },
  int32: { bytes: 4, view: Int32Array },
  uint32: { bytes: 4, view: Uint32Array },
  int16: { bytes: 2, view: Int16Array },
  uint16: { bytes: 2, view: Uint16Array },
  int8: { bytes: 1, view: Int8Array },
  uint8: { bytes: 1, view: Uint8Array },
  bool: { bytes: 1, view: Uint8Array },
};

/** @throws RangeError for types that pack several elements into a byte */
export function stageElementType(type: ElementType): StageElementType {
  if (type === 'int4' || type === 'uint4') throw new RangeError(`No stage tensor can be of type ${type}`);
  return type;
}

export function bytesPerElement(type: StageElementType): number {
  return layouts[type].bytes;
}

/** The bytes as the typed array for `type` (float16 as Uint16Array); copies them only where they are misaligned. */
export function typedView(type: StageElementType, bytes: Uint8Array): Tensor.DataType {
  const { bytes: size, view } = layouts[type];
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  return new view(
    aligned.buffer,
    aligned.byteOffset,
    aligned.byteLength / size,
  ) as unknown as Tensor.DataType;
}

/** The bytes behind a tensor that is in script's memory, without a copy. */
export function tensorBytes(tensor: Tensor): Uint8Array {
  const data = tensor.data as unknown as ArrayBufferView;
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
