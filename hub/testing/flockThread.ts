/** The thread of `flock.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FlockOrder } from './flock.ts';
import { ScriptedWorker } from './scriptedWorker.ts';

const { url, token } = workerData as { url: string; token: string };
let flock: ScriptedWorker[] = [];

parentPort?.on('message', (order: FlockOrder) => {
  void carryOut(order).then(() => parentPort?.postMessage('done'));
});
parentPort?.postMessage('ready');

async function carryOut(order: FlockOrder): Promise<void> {
  switch (order.do) {
    case 'join':
      flock = Array.from(
        { length: order.count },
        (_, index) => new ScriptedWorker({ url, token, name: `worker ${index}` }),
      );
      await Promise.all(flock.map((worker) => worker.message('welcome')));
      return;
    case 'leave':
      for (const worker of flock) worker.send({ type: 'goodbye' });
      return;
    case 'die':
      for (const worker of flock) worker.kill();
  }
}
