/**
 * Calls `act` with each item, whatever it throws: nobody misses what happened since somebody before failed.
 * @throws what was thrown first, in the end
 */
export function forEachOf<Item>(items: Iterable<Item>, act: (item: Item) => void): void {
  const errors: unknown[] = [];
  for (const item of items) {
    try {
      act(item);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}
