/** Several streams as one, in the order in which they go on. */

/** What one of the streams gave. */
export interface Interleaved<T> {
  index: number;
  value: T;
}

/**
 * Reads all streams at once. Ends when the last one has ended, or with the first error; whoever leaves early must see to
 * it that the streams end, since one that waits can't be left.
 */
export function interleave<T>(
  streams: readonly AsyncGenerator<T, void, void>[],
): AsyncIterable<Interleaved<T>> {
  const [only] = streams;
  return only && streams.length === 1 ? alone(only) : together(streams);
}

/** Not a generator around another: that would double what each costs. */
function alone<T>(stream: AsyncGenerator<T, void, void>): AsyncIterable<Interleaved<T>> {
  const numbered = (result: IteratorResult<T, void>): IteratorResult<Interleaved<T>, void> =>
    result.done === true ? result : { done: false, value: { index: 0, value: result.value } };
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => stream.next().then(numbered),
      return: () => stream.return().then(numbered),
    }),
  };
}

async function* together<T>(
  streams: readonly AsyncGenerator<T, void, void>[],
): AsyncGenerator<Interleaved<T>, void, void> {
  const next = (index: number, stream: AsyncGenerator<T, void, void>) =>
    stream.next().then((result) => ({ index, stream, result }));
  const waiting = new Map(streams.map((stream, index) => [index, next(index, stream)]));
  // Whichever fails first is told; the others may fail while nobody waits for them.
  for (const one of waiting.values()) one.catch(() => undefined);
  while (waiting.size > 0) {
    const { index, stream, result } = await Promise.race(waiting.values());
    if (result.done === true) {
      waiting.delete(index);
      continue;
    }
    const following = next(index, stream);
    following.catch(() => undefined);
    waiting.set(index, following);
    yield { index, value: result.value };
  }
}
