/**
 * Lengths of the chunks that a prompt is run in: whole ones, then the rest, so that prompts that begin alike are cut alike
 * there. A rest of one token takes one from the chunk before it: kernels for one row round differently from those for many,
 * and a replay must repeat the same numbers. Depends only on its arguments, so every pipeline cuts a prompt alike.
 * @param length tokens in all
 * @param chunkTokens longest chunk, at least 2
 */
export function prefillChunks(length: number, chunkTokens: number): number[] {
  const chunks = new Array<number>(Math.floor(length / chunkTokens)).fill(chunkTokens);
  const rest = length % chunkTokens;
  if (rest === 0) return chunks;
  if (rest > 1 || chunks.length === 0 || chunkTokens === 2) return [...chunks, rest];
  return [...chunks.slice(1), chunkTokens - 1, 2];
}

/** What the steps of a session depend on. */
export interface SessionShape {
  promptLength: number;
  chunkTokens: number;
  /** Tokens of the prompt that a kept cache held when the session first began: a step ends there. Default 0. */
  cachedTokens?: number | undefined;
}

/**
 * Lengths of the steps in which the tokens [from, to) of a session run, the first time and in every replay: its prompt
 * in chunks, then each token by itself.
 * @throws RangeError where `from` is inside a chunk: the step that begins there would be another one than the first time
 */
export function stepsOf(
  { promptLength, chunkTokens, cachedTokens = 0 }: SessionShape,
  from: number,
  to: number,
): number[] {
  const steps: number[] = [];
  let at = 0;
  const chunks = [cachedTokens, promptLength - cachedTokens].flatMap((part) =>
    prefillChunks(part, chunkTokens),
  );
  for (const length of chunks) {
    if (at >= from && at + length <= to) steps.push(length);
    else if (at < from && at + length > from) {
      throw new RangeError(`token ${from} is inside the chunk of ${length} tokens at ${at}`);
    }
    at += length;
  }
  for (at = Math.max(at, from); at < to; at++) steps.push(1);
  return steps;
}
