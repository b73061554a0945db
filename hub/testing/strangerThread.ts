/** The thread of `costWithoutKey.test.ts`: somebody without a key, who asks again and again. */
import { once } from 'node:events';
import { parentPort } from 'node:worker_threads';
import WebSocket from 'ws';

/** One thing that a stranger does, `count` times after one another. */
export interface StrangerOrder {
  url: string;
  count: number;
  /** A message to a web socket at this address, which then is closed; otherwise a request. */
  socketMessage?: string;
  request?: { method: string; headers: Record<string, string>; body?: string };
}

parentPort?.on('message', (order: StrangerOrder) => {
  void carryOut(order).then((statuses) => parentPort?.postMessage(statuses));
});
parentPort?.postMessage('ready');

async function carryOut({ url, count, socketMessage, request }: StrangerOrder): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++) {
    if (socketMessage === undefined) {
      const answer = await fetch(url, request);
      await answer.arrayBuffer();
      statuses.push(answer.status);
    } else {
      const socket = new WebSocket(url);
      await once(socket, 'open');
      const closed = once(socket, 'close') as Promise<[number]>;
      socket.send(socketMessage);
      statuses.push((await closed)[0]);
    }
  }
  return statuses;
}
