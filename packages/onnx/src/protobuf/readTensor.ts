/** Reads one TensorProto: its description into memory, its bytes as a place in a file wherever they are big. */
import { OnnxFormatError, UnsupportedModelError } from '../errors.ts';
import type { OnnxTensor, TensorData } from '../model.ts';
import { elementTypeOfCode, refusedElementType, tensorBytes } from './elementType.ts';
import { maxFields, maxInlineTensorBytes, maxNameBytes, maxTensorAxes } from './limits.ts';
import type { FileSizes } from './fileSizes.ts';
import { packTypedValues } from './typedValues.ts';
import { unpackVarints, type WireField, type WireReader } from './wireReader.ts';

/** Codes of TensorProto.DataLocation. */
const externalLocation = 1n;

interface TensorFields {
  name: string;
  dims: number[];
  typeCode: number;
  raw: WireField | undefined;
  /** Numbers in fields of their own type, as decoded varints or fixed-size bytes. */
  varints: bigint[];
  fixed: Uint8Array[];
  hasFixed: boolean;
  isExternal: boolean;
  external: Map<string, string>;
}

/**
 * Reads the TensorProto in [start, end). Its declared bytes equal its shape times its element size, and its range
 * lies in its file.
 */
export async function readTensor(
  reader: WireReader,
  start: number,
  end: number,
  files: FileSizes,
): Promise<OnnxTensor> {
  const fields = await readFields(reader, start, end);
  const label = fields.name || '(unnamed tensor)';
  const type = elementTypeOfCode(fields.typeCode);
  if (type === undefined) throw refusedElementType(fields.typeCode, label);
  const expected = tensorBytes(type, fields.dims);
  const data = await readData(reader, fields, expected, start, files);
  const given = data.kind === 'inline' ? data.bytes.length : data.length;
  if (given !== expected) {
    const shape = `${type}[${fields.dims.join(',')}]`;
    reader.fail(`tensor ${label}: ${shape} takes ${expected} bytes, the file declares ${given}`, start);
  }
  return { name: fields.name, type, dims: fields.dims, data };

  async function readData(
    from: WireReader,
    read: TensorFields,
    expectedBytes: number,
    at: number,
    sizes: FileSizes,
  ): Promise<TensorData> {
    if (read.external.size > 0 && !read.isExternal) {
      return from.fail(`tensor ${label}: external data of a tensor that is not external`, at);
    }
    if (read.isExternal) return readExternal(from, read, label, expectedBytes, at, sizes);
    if (read.raw) {
      const length = read.raw.end - read.raw.start;
      if (length > maxInlineTensorBytes) {
        return { kind: 'range', file: from.file, offset: read.raw.start, length };
      }
      return { kind: 'inline', bytes: await from.bytes(read.raw.start, read.raw.end) };
    }
    const bytes = packTypedValues(read.typeCode, read.varints, read.fixed);
    if (bytes === undefined) return from.fail(`tensor ${label}: values in a field of another type`, at);
    return { kind: 'inline', bytes };
  }
}

async function readFields(reader: WireReader, start: number, end: number): Promise<TensorFields> {
  const tensor: TensorFields = {
    name: '',
    dims: [],
    typeCode: 0,
    raw: undefined,
    varints: [],
    fixed: [],
    hasFixed: false,
    isExternal: false,
    external: new Map(),
  };
  const addDimension = (value: bigint, at: number): void => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      reader.fail('a tensor axis of negative or absurd length', at);
    if (tensor.dims.length >= maxTensorAxes) reader.fail(`a tensor of more than ${maxTensorAxes} axes`, at);
    tensor.dims.push(Number(value));
  };
  const varintsOf = async (field: WireField): Promise<bigint[]> => {
    if (field.kind === 'varint') return [field.varint];
    if (field.kind !== 'bytes')
      return reader.fail(`field ${field.number} of an unexpected kind`, field.start);
    // One byte may become one bigint, so packed numbers are bounded as fields are.
    if (field.end - field.start > maxFields) return reader.fail('too many packed numbers', field.start);
    return (
      unpackVarints(await reader.bytes(field.start, field.end)) ??
      reader.fail('malformed packed numbers', field.start)
    );
  };
  await reader.fields(start, end, async (field) => {
    switch (field.number) {
      case 1:
        for (const value of await varintsOf(field)) addDimension(value, field.start);
        break;
      case 2:
        tensor.typeCode = Number(field.varint);
        break;
      case 3:
        throw new UnsupportedModelError('tensor stored in segments', tensor.name);
      case 4:
      case 10:
        tensor.fixed.push(await reader.bytes(field.start, field.end));
        break;
      case 5:
      case 7:
      case 11:
        for (const value of await varintsOf(field)) tensor.varints.push(value);
        break;
      case 6:
        throw new UnsupportedModelError('tensor of strings', tensor.name);
      case 8:
        tensor.name = await reader.text(field, maxNameBytes);
        break;
      case 9:
        if (field.kind !== 'bytes') reader.fail('raw data of an unexpected kind', field.start);
        tensor.raw = field;
        break;
      case 13: {
        const [key, value] = await readEntry(reader, field);
        tensor.external.set(key, value);
        break;
      }
      case 14:
        tensor.isExternal = field.varint === externalLocation;
        break;
    }
  });
  return tensor;
}

async function readEntry(reader: WireReader, entry: WireField): Promise<[string, string]> {
  let key = '';
  let value = '';
  await reader.fields(entry.start, entry.end, async (field) => {
    if (field.number === 1) key = await reader.text(field, maxNameBytes);
    if (field.number === 2) value = await reader.text(field, maxNameBytes);
  });
  return [key, value];
}

async function readExternal(
  reader: WireReader,
  fields: TensorFields,
  label: string,
  expectedBytes: number,
  at: number,
  files: FileSizes,
): Promise<TensorData> {
  const file = fields.external.get('location');
  if (!file) return reader.fail(`tensor ${label}: external data without a location`, at);
  const offset = parseCount(fields.external.get('offset') ?? '0');
  // The length may be left out: then the shape says it.
  const length = parseCount(fields.external.get('length') ?? String(expectedBytes));
  if (offset === undefined || length === undefined) {
    return reader.fail(`tensor ${label}: external data with a malformed offset or length`, at);
  }
  const size = await files.sizeOf(file);
  if (offset + length > size) {
    throw new OnnxFormatError(
      `tensor ${label} needs bytes ${offset} to ${offset + length}, the file has ${size}`,
      file,
    );
  }
  if (length <= maxInlineTensorBytes) {
    return { kind: 'inline', bytes: await files.read(file, offset, length) };
  }
  return { kind: 'range', file, offset, length };
}

/** A decimal number of bytes, or undefined. */
function parseCount(text: string): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
