/** The turn of this thread's event loop: work that may wait ends with the turn's time, so that whatever else comes is not kept waiting. */

/** In milliseconds, of all work together that asks. */
const mostMsPerTurn = 8;

let began: number | undefined;

/** True while this turn has time for more. Whoever asks does one thing in each turn all the same, and goes on in the next. */
export function turnHasTime(): boolean {
  const now = performance.now();
  if (began === undefined) {
    began = now;
    setImmediate(() => (began = undefined));
  }
  return now - began < mostMsPerTurn;
}
