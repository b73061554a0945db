import { sha256 } from 'hash-wasm';

/**
 * The SHA-256 of some bytes in lower-case hexadecimal. Web Crypto hashes off the calling thread, but browsers keep it
 * from pages on plain http.
 */
export async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = crypto as { subtle?: SubtleCrypto };
  if (!subtle) return sha256(bytes);
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  let text = '';
  for (const byte of digest) text += byte.toString(16).padStart(2, '0');
  return text;
}
