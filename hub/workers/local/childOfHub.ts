/**
 * Loaded into a local worker before its program: ends it when the hub is gone, however it went, since the IPC channel closes
 * even where the hub was killed; and answers the hub that asks whether its event loop turns.
 */

/** A worker that does not end by itself in this time is ended. */
const graceMs = 5000;

process.on('disconnect', () => {
  setTimeout(() => process.exit(1), graceMs).unref();
  process.kill(process.pid, 'SIGTERM');
});
process.on('message', (question) => {
  // Where the hub goes in this moment, that is told by `disconnect`.
  process.send?.(question, undefined, undefined, () => undefined);
});
// Listening must not keep a worker alive that is done.
process.channel?.unref();
