/** Reads protobuf's wire format from a byte source, field by field, jumping over what nobody asks for. */
import { OnnxFormatError } from '../errors.ts';
import type { ByteSource } from '../source.ts';
import { maxFields, maxMetadataBytes, readAheadBytes } from './limits.ts';

/** One field's head. For a length-delimited field, [position, end) of the reader is its content. */
export interface WireField {
  number: number;
  kind: 'varint' | 'fixed64' | 'bytes' | 'fixed32';
  /** Value of a varint, unsigned 64 bits. */
  varint: bigint;
  /** Content of a length-delimited or fixed field, in bytes of the file: [start, end). */
  start: number;
  end: number;
}

const kinds: Record<number, WireField['kind']> = { 0: 'varint', 1: 'fixed64', 2: 'bytes', 5: 'fixed32' };

/** Longest field head: two varints of ten bytes. */
const maxHeadBytes = 20;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A cursor over one file. Holds one window of it in memory. */
export class WireReader {
  /** Name of the file, for errors and for ranges that refer to it. */
  readonly file: string;
  readonly size: number;
  #source: ByteSource;
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;
  #metadataBytes = 0;
  #fields = 0;

  constructor(source: ByteSource, file: string) {
    this.#source = source;
    this.file = file;
    this.size = source.size;
  }

  /**
   * Walks the fields in [start, end), calling `onField` for each and waiting for what it returns. The callback need
   * not read the content.
   * @throws {OnnxFormatError} if a field is malformed or reaches past `end`, or the file has too many
   */
  async fields(
    start: number,
    end: number,
    onField: (field: WireField) => Promise<void> | void,
  ): Promise<void> {
    let position = start;
    while (position < end) {
      const headEnd = Math.min(end, position + maxHeadBytes);
      if (!this.#has(position, headEnd)) await this.#fill(position, headEnd);
      const field = this.#head(position, end);
      if (++this.#fields > maxFields) this.fail(`more than ${maxFields} fields`, position);
      position = field.end;
      const pending = onField(field);
      if (pending !== undefined) await pending;
    }
  }

  /** Reads [start, end) into memory, counted against the bound on metadata. */
  async bytes(start: number, end: number): Promise<Uint8Array> {
    this.#metadataBytes += end - start;
    if (this.#metadataBytes > maxMetadataBytes) {
      this.fail(`more than ${maxMetadataBytes} bytes of graph`, start);
    }
    if (end - start > readAheadBytes) return this.#read(start, end - start);
    if (!this.#has(start, end)) await this.#fill(start, end);
    return this.#window.slice(start - this.#windowStart, end - this.#windowStart);
  }

  /** Reads a length-delimited field as UTF-8 of at most `maxBytes` bytes. */
  async text(field: WireField, maxBytes: number): Promise<string> {
    if (field.kind !== 'bytes') this.fail(`field ${field.number} should be text`, field.start);
    if (field.end - field.start > maxBytes) this.fail(`text longer than ${maxBytes} bytes`, field.start);
    const bytes = await this.bytes(field.start, field.end);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      return this.fail('text that is not UTF-8', field.start, { cause });
    }
  }

  /** @throws {OnnxFormatError} always */
  fail(what: string, position: number, options?: ErrorOptions): never {
    throw new OnnxFormatError(what, `${this.file} at byte ${position}`, options);
  }

  #has(start: number, end: number): boolean {
    return start >= this.#windowStart && end <= this.#windowStart + this.#window.length;
  }

  async #fill(start: number, end: number): Promise<void> {
    const length = Math.min(this.size - start, Math.max(end - start, readAheadBytes));
    if (start + length < end) this.fail('the file ends too early', this.size);
    this.#window = await this.#read(start, length);
    this.#windowStart = start;
  }

  async #read(start: number, length: number): Promise<Uint8Array> {
    if (start + length > this.size) this.fail('the file ends too early', this.size);
    const bytes = await this.#source.read(start, length);
    if (bytes.length !== length) {
      this.fail(`expected ${length} bytes, the source gave ${bytes.length}`, start);
    }
    // A Buffer's slices would share its memory, and keep the whole window alive.
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  #head(start: number, end: number): WireField {
    const tag = this.#varint(start, end);
    const number = Number(tag.value >> 3n);
    const kind = kinds[Number(tag.value & 7n)];
    if (kind === undefined || number === 0 || number > 0x1fff_ffff) {
      return this.fail('not a protobuf field', start);
    }
    const field: WireField = { number, kind, varint: 0n, start: tag.end, end: tag.end };
    if (kind === 'varint' || kind === 'bytes') {
      const value = this.#varint(tag.end, end);
      field.varint = value.value;
      field.start = value.end;
      // Compared as a bigint, since a hostile length may have 64 bits.
      if (kind === 'bytes' && value.value > BigInt(end - value.end)) {
        this.fail(`field ${number} of ${value.value} bytes reaches past its message`, start);
      }
      field.end = kind === 'bytes' ? value.end + Number(value.value) : value.end;
    } else {
      field.end = field.start + (kind === 'fixed32' ? 4 : 8);
      if (field.end > end) this.fail(`field ${number} reaches past its message`, start);
    }
    return field;
  }

  #varint(start: number, end: number): { value: bigint; end: number } {
    let low = 0;
    // Nearly every varint has at most four bytes: those need no bigint arithmetic.
    for (let index = 0; index < 4 && start + index < end; index++) {
      const byte = this.#window[start + index - this.#windowStart] ?? 0;
      low |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) return { value: BigInt(low), end: start + index + 1 };
    }
    let value = BigInt(low);
    for (let index = 4; index < 10 && start + index < end; index++) {
      const byte = this.#window[start + index - this.#windowStart] ?? 0;
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: start + index + 1 };
    }
    return this.fail('a malformed or truncated number', start);
  }
}

/** Decodes the varints of a packed field. Undefined where they are malformed. */
export function unpackVarints(bytes: Uint8Array): bigint[] | undefined {
  const values: bigint[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    if (shift > 63n) return undefined;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte >= 0x80) {
      shift += 7n;
      continue;
    }
    values.push(BigInt.asUintN(64, value));
    value = 0n;
    shift = 0n;
  }
  return shift === 0n ? values : undefined;
}
