/** Splits a small message in memory into its fields, for edits that leave the rest as it is. */
import { OnnxFormatError } from '../errors.ts';

export interface MessageField {
  number: number;
  /** The whole field as it stands in the message, head included. */
  bytes: Uint8Array;
  /** The content of a length-delimited field; undefined for any other kind. */
  content: Uint8Array | undefined;
}

/**
 * @throws {OnnxFormatError} if the bytes are no message
 */
export function* messageFields(message: Uint8Array): Generator<MessageField> {
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; position < message.length && scale < 2 ** 70; scale *= 128) {
      const byte = message[position++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new OnnxFormatError('a truncated number', `byte ${position}`);
  };
  while (position < message.length) {
    const start = position;
    const tag = varint();
    const kind = tag % 8;
    let content: Uint8Array | undefined;
    if (kind === 0) varint();
    else if (kind === 1) position += 8;
    else if (kind === 5) position += 4;
    else if (kind === 2) {
      const length = varint();
      content = message.subarray(position, position + length);
      position += length;
    } else throw new OnnxFormatError('not a protobuf field', `byte ${start}`);
    if (position > message.length)
      throw new OnnxFormatError('a field reaches past its message', `byte ${start}`);
    yield { number: Math.floor(tag / 8), bytes: message.subarray(start, position), content };
  }
}
