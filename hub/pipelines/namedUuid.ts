import { createHash } from 'node:crypto';

/** A name-based UUID (RFC 9562, version 5, with the text for namespace and name): the same in every replay. */
export function namedUuid(text: string): string {
  const hash = createHash('sha1').update(text).digest('hex');
  const variant = ((Number.parseInt(hash[16] ?? '0', 16) & 3) | 8).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
