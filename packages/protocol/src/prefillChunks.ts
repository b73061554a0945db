/**
 * Lengths of the chunks that a prompt is run in: as few as `chunkTokens` allows and of nearly equal length, so that
 * no chunk is a single row (kernels for one row round differently from those for many; a replay must repeat
 * the same numbers). Depends only on its arguments, so every pipeline cuts a prompt alike.
 * @param length tokens in all, at least 1
 * @param chunkTokens longest chunk, at least 2
 */
export function prefillChunks(length: number, chunkTokens: number): number[] {
  const chunks = Math.ceil(length / chunkTokens);
  const base = Math.floor(length / chunks);
  const longer = length % chunks;
  return Array.from({ length: chunks }, (_, index) => base + (index < longer ? 1 : 0));
}
