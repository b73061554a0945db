/** Where the browser can't tell when it is idle (Safari): the pause before each call, a frame or two, in milliseconds. */
const pauseMs = 32;
/** And how long a call may take there: most of a frame. */
const turnMs = 12;

/**
 * Calls back once, when the page has nothing else to do.
 * @param call gets a function that says how much longer it may take, in milliseconds
 * @returns a function that prevents the call
 */
export function whenIdle(call: (remainingMs: () => number) => void): () => void {
  if ('requestIdleCallback' in globalThis) {
    const handle = requestIdleCallback((deadline) => call(() => deadline.timeRemaining()), { timeout: 1000 });
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(() => {
    const end = performance.now() + turnMs;
    call(() => end - performance.now());
  }, pauseMs);
  return () => clearTimeout(timer);
}
