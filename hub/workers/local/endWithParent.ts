/**
 * Loaded into a local worker before its program: ends it when the hub is gone, however it went. The IPC channel closes
 * even where the hub was killed.
 */

/** A worker that does not end by itself in this time is ended. */
const graceMs = 5000;

process.on('disconnect', () => {
  setTimeout(() => process.exit(1), graceMs).unref();
  process.kill(process.pid, 'SIGTERM');
});
// Listening must not keep a worker alive that is done.
process.channel?.unref();
