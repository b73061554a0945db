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

/**
 * Lengths of the steps in which the tokens [from, to) of a session run, the first time and in every replay: its prompt
 * in chunks, then each token by itself.
 * @throws RangeError where `from` is inside a chunk: the step that begins there would be another one than the first time
 */
export function stepsOf(
  { promptLength, chunkTokens }: { promptLength: number; chunkTokens: number },
  from: number,
  to: number,
): number[] {
  const steps: number[] = [];
  let at = 0;
  for (const length of prefillChunks(promptLength, chunkTokens)) {
    if (at >= from && at + length <= to) steps.push(length);
    else if (at < from && at + length > from) {
      throw new RangeError(`token ${from} is inside the chunk of ${length} tokens at ${at}`);
    }
    at += length;
  }
  for (at = Math.max(at, from); at < to; at++) steps.push(1);
  return steps;
}
