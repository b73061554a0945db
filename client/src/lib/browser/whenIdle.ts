/** Pause where the browser can't tell when it is idle (Safari), in milliseconds: a frame or two. */
const pauseMs = 32;

/** Calls back once, when the page has nothing else to do. @returns a function that prevents that */
export function whenIdle(call: () => void): () => void {
  if ('requestIdleCallback' in globalThis) {
    const handle = requestIdleCallback(call, { timeout: 1000 });
    return () => cancelIdleCallback(handle);
  }
  const timer = setTimeout(call, pauseMs);
  return () => clearTimeout(timer);
}
