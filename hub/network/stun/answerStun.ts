/**
 * STUN binding requests (RFC 8489, and RFC 5389 before it): a worker asks from which address its packets come. That is
 * all of STUN that a hub needs: no authentication, UDP only, one datagram in and at most one out.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { crc32 } from 'node:zlib';

/** From where a datagram came. */
export interface Sender {
  /** IPv4, IPv6, or IPv4 within IPv6 (`::ffff:192.168.1.20`). */
  address: string;
  port: number;
}

const headerBytes = 20;
const magicCookie = 0x2112a442;
/** Section 6.1: without a known path MTU, no message is longer; real requests have less than 100 bytes. */
const maxMessageBytes = 548;

const bindingRequest = 0x0001;
const bindingSuccess = 0x0101;
const bindingError = 0x0111;

const errorCodeAttribute = 0x0009;
const unknownAttributes = 0x000a;
const xorMappedAddress = 0x0020;
const fingerprintAttribute = 0x8028;
/** Attributes below this must be understood, or the request refused (section 14). */
const firstOptionalAttribute = 0x8000;
/** USERNAME, MESSAGE-INTEGRITY, REALM, NONCE, MESSAGE-INTEGRITY-SHA256: a server without accounts passes over them. */
const ignoredAttributes = new Set([0x0006, 0x0008, 0x0014, 0x0015, 0x001c]);
/** Section 14.7: XORed with the CRC so that other protocols' CRCs differ. */
const fingerprintMask = 0x5354554e;

/** @returns what to send back; undefined for all that is no binding request, which is to be dropped silently */
export function answerStun(datagram: Buffer, sender: Sender): Buffer | undefined {
  if (!isBindingRequest(datagram)) return undefined;
  const attributes = attributesOf(datagram);
  if (!attributes) return undefined;
  const last = attributes.at(-1);
  const isSealed = last?.type === fingerprintAttribute;
  if (isSealed && !hasTrueFingerprint(datagram)) return undefined;
  const unknown = attributes
    .map(({ type }) => type)
    .filter((type) => type < firstOptionalAttribute && !ignoredAttributes.has(type));
  const transaction = datagram.subarray(8, headerBytes);
  const body =
    unknown.length > 0
      ? [
          attribute(errorCodeAttribute, unknownAttributeError()),
          attribute(unknownAttributes, uint16s(unknown)),
        ]
      : [attribute(xorMappedAddress, xorAddress(sender, datagram.subarray(4, headerBytes)))];
  return message(unknown.length > 0 ? bindingError : bindingSuccess, transaction, body, isSealed);
}

function isBindingRequest(datagram: Buffer): boolean {
  return (
    datagram.length >= headerBytes &&
    datagram.length <= maxMessageBytes &&
    datagram.readUInt16BE(0) === bindingRequest &&
    datagram.readUInt16BE(2) === datagram.length - headerBytes &&
    datagram.length % 4 === 0 &&
    datagram.readUInt32BE(4) === magicCookie
  );
}

/** Type and value of each attribute; undefined where one reaches beyond the message. */
function attributesOf(datagram: Buffer): { type: number; value: Buffer }[] | undefined {
  const found: { type: number; value: Buffer }[] = [];
  for (let offset = headerBytes; offset < datagram.length;) {
    const type = datagram.readUInt16BE(offset);
    const end = offset + 4 + datagram.readUInt16BE(offset + 2);
    if (end > datagram.length) return undefined;
    found.push({ type, value: datagram.subarray(offset + 4, end) });
    offset = 4 * Math.ceil(end / 4);
  }
  return found;
}

function hasTrueFingerprint(datagram: Buffer): boolean {
  const start = datagram.length - 8;
  return (
    datagram.readUInt16BE(start + 2) === 4 &&
    datagram.readUInt32BE(start + 4) === sealOf(datagram.subarray(0, start))
  );
}

function sealOf(before: Buffer): number {
  return (crc32(before) ^ fingerprintMask) >>> 0;
}

/** @param mask magic cookie and transaction id, the bytes with which addresses are XORed (section 14.2) */
function xorAddress({ address, port }: Sender, mask: Buffer): Buffer {
  const bytes = addressBytes(address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, ''));
  const value = Buffer.alloc(4 + bytes.length);
  value[1] = bytes.length === 4 ? 1 : 2;
  value.writeUInt16BE(port ^ (magicCookie >>> 16), 2);
  bytes.forEach((byte, index) => (value[4 + index] = byte ^ (mask[index] ?? 0)));
  return value;
}

function addressBytes(address: string): number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  if (!isIPv6(address)) throw new RangeError(`${address} is no address`);
  const [head = '', tail] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail ?? '');
  const missing = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...missing, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function unknownAttributeError(): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 4, 20]), Buffer.from('Unknown Attribute')]);
}

function uint16s(values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, index) => bytes.writeUInt16BE(value, 2 * index));
  return bytes;
}

/** An attribute with its header, filled up to a multiple of four bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + 4 * Math.ceil(value.length / 4));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

function message(type: number, transaction: Buffer, attributes: Buffer[], sealed: boolean): Buffer {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(8);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length + (sealed ? 8 : 0), 2);
  header.writeUInt32BE(magicCookie, 4);
  const unsealed = Buffer.concat([header, transaction, body]);
  if (!sealed) return unsealed;
  const seal = Buffer.alloc(4);
  seal.writeUInt32BE(sealOf(unsealed), 0);
  return Buffer.concat([unsealed, attribute(fingerprintAttribute, seal)]);
}
