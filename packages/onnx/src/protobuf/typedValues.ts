/** Numbers that a file keeps in fields of their own type (float_data, int32_data, …), as raw tensor bytes. */
import { elementBits, elementTypeOfCode } from './elementType.ts';

/**
 * Packs typed values as raw data: little-endian, row-major. `varints` come from the integer fields, `fixed` from
 * float_data and double_data, whose packed form is raw data already.
 * @returns undefined where the values are not of the tensor's type
 */
export function packTypedValues(
  typeCode: number,
  varints: readonly bigint[],
  fixed: readonly Uint8Array[],
): Uint8Array | undefined {
  const type = elementTypeOfCode(typeCode);
  if (type === undefined) return undefined;
  if (type === 'float32' || type === 'float64') {
    return varints.length === 0 ? concatenate(fixed) : undefined;
  }
  if (fixed.length > 0) return undefined;
  // Four-bit elements sit two to a varint, as they do in raw data.
  const bytesEach = Math.max(1, elementBits(type) / 8);
  const bytes = new Uint8Array(varints.length * bytesEach);
  const view = new DataView(bytes.buffer);
  varints.forEach((value, index) => {
    if (bytesEach === 1) view.setUint8(index, Number(value & 0xffn));
    else if (bytesEach === 2) view.setUint16(index * 2, Number(value & 0xffffn), true);
    else if (bytesEach === 4) view.setUint32(index * 4, Number(value & 0xffff_ffffn), true);
    else view.setBigUint64(index * 8, value, true);
  });
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
