import { once } from 'node:events';
import { createServer } from 'node:net';

/** How many ports this process has chosen. */
let chosen = 0;

/**
 * A TCP port of this machine that nobody uses, and that nobody takes before the program that a test starts has it: it is
 * below those that systems give away by themselves (from 32768 on Linux), and other processes begin elsewhere.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + ((97 * process.pid + chosen++) % 20_000);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
