/** What can keep headless browsers from working. Messages say what to do. */

/** There is no browser, or it does not start. */
export class BrowserError extends Error {
  override readonly name = 'BrowserError';
}

/** The hub will not take this worker, and trying again can't help. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}
