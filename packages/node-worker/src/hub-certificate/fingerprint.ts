/** A SHA-256 fingerprint as people copy it: 64 hexadecimal digits, with or without colons. */

/**
 * @returns the fingerprint as Node writes it, `AA:BB:…`
 * @throws Error that says what a fingerprint looks like
 */
export function readFingerprint(text: string): string {
  const digits = text
    .trim()
    .replace(/^sha-?256[:= ]/i, '')
    .replaceAll(/[: ]/g, '');
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new Error('a SHA-256 fingerprint has 64 hexadecimal digits, as the hub prints it when it starts');
  }
  return (digits.toUpperCase().match(/../g) ?? []).join(':');
}
