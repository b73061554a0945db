/**
 * Throws an error whose message people read. Texts in a `throw` are not collected for translation; those that are given to
 * a function are.
 * @throws Error always
 */
export function fail(words: string): never {
  throw new Error(words);
}
