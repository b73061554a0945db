/** Reads small safetensors files: a length, a header of JSON, and the numbers. */
import { z } from 'zod';
import { ModelError } from '../modelError.ts';

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()).max(8),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

export interface NamedTensor {
  shape: number[];
  values: Float32Array;
}

const lengthBytes = 8;
const maxHeaderBytes = 1024 * 1024;

/**
 * @param name of the file, for people
 * @returns tensors by name; types other than F32, F16 and BF16 are refused
 * @throws ModelError if the file is damaged
 */
export function readSafetensors(name: string, bytes: Uint8Array): Map<string, NamedTensor> {
  const damaged = (why: string): ModelError => new ModelError(`${name} is damaged: ${why}.`);
  if (bytes.byteLength < lengthBytes) throw damaged('it is too short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  const start = lengthBytes + headerBytes;
  if (headerBytes > maxHeaderBytes || start > bytes.byteLength) throw damaged('its header is too long');
  let header: Record<string, unknown>;
  try {
    header = z
      .record(z.string(), z.unknown())
      .parse(JSON.parse(new TextDecoder().decode(bytes.subarray(lengthBytes, start))));
  } catch {
    throw damaged('its header is no JSON');
  }
  const tensors = new Map<string, NamedTensor>();
  for (const [key, value] of Object.entries(header)) {
    if (key === '__metadata__') continue;
    const entry = Entry.safeParse(value);
    if (!entry.success) throw damaged(`its header says nothing usable of ${key}`);
    const { dtype, shape, data_offsets: range } = entry.data;
    const count = shape.reduce((product, length) => product * length, 1);
    const size = { F32: 4, F16: 2, BF16: 2 }[dtype];
    if (size === undefined) throw new ModelError(`${name} holds numbers of the type ${dtype}.`);
    const [from, to] = [start + range[0], start + range[1]];
    if (to > bytes.byteLength || to - from !== count * size) throw damaged(`${key} reaches past its end`);
    tensors.set(key, { shape, values: Float32Array.from({ length: count }, (_, index) => numberAt(index)) });
    function numberAt(index: number): number {
      if (dtype === 'F32') return view.getFloat32(from + 4 * index, true);
      const bits = view.getUint16(from + 2 * index, true);
      return dtype === 'BF16' ? upperHalf(bits) : halfToNumber(bits);
    }
  }
  return tensors;
}

const scratch = new DataView(new ArrayBuffer(4));

function upperHalf(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
