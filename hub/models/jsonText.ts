/** JSON as people's tools write it: with a byte order mark, or with Python's `NaN` and `Infinity`. */

const byteOrderMark = /^\uFEFF/;
/** A string (which may hold those words), or one of the words. */
const stringOrWord = /"(?:[^"\\]|\\.)*"|-?\bInfinity\b|\bNaN\b/g;

/**
 * The same text as JSON by the standard. Infinity becomes a number too large for a double, which reads as infinity;
 * NaN becomes null.
 */
export function standardJson(text: string): string {
  const plain = text.replace(byteOrderMark, '');
  if (!/Infinity|NaN/.test(plain)) return plain;
  return plain.replace(stringOrWord, (found) => {
    if (found.startsWith('"')) return found;
    if (found === 'NaN') return 'null';
    return found.startsWith('-') ? '-1e999' : '1e999';
  });
}
