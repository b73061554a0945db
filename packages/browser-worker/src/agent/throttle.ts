/** Calls `act` at once, then at most once in `everyMs`; never loses the last wish. */
export function throttle(everyMs: number, act: () => void): () => void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let wished = false;
  return function wish(): void {
    if (waiting !== undefined) {
      wished = true;
      return;
    }
    act();
    waiting = setTimeout(() => {
      waiting = undefined;
      if (!wished) return;
      wished = false;
      wish();
    }, everyMs);
  };
}
