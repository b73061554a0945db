/** Resolves when the event loop has delivered the messages that are there. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve);
      return;
    }
    // In browsers, where a timer would wait for 4 ms.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** Long enough for another thread to have this processor, in milliseconds. */
const restMs = 0.05;
const cell =
  typeof SharedArrayBuffer === 'function'
    ? new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    : undefined;

/**
 * As `nextTurn`, for who asks again and again: leaves the processor to others meanwhile, of whom one may bring what is waited for.
 * A thread that may not block, as that of a page, only takes turns.
 */
export async function restBriefly(): Promise<void> {
  try {
    if (cell) Atomics.wait(cell, 0, 0, restMs);
  } catch {
    // Not here.
  }
  await nextTurn();
}
