/** What `npm test` and `npm run test:full` do alike, with few inputs and with many. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';
import { startBystander } from '../bystander.ts';
import { startTestHub } from '../testHub.ts';
import { fuzzDoors } from './fuzzDoors.ts';

/** What the heap may grow by, whatever the number of inputs: twice what it varies by. */
const mostGrowthBytes = 48 * 1024 * 1024;

/** Attacks a hub of its own; somebody's answer goes on meanwhile and ends whole, and the heap does not grow. */
export async function fuzzHub(count: number, seed: number): Promise<void> {
  const hub = await startTestHub({ model: { contextLength: 1_000_000 } });
  try {
    const bystander = await startBystander(hub);
    await fuzzDoors(hub, { count: Math.ceil(count / 5), seed });
    const before = heapBytes();
    await fuzzDoors(hub, { count: Math.floor((4 * count) / 5), seed: seed + 1 });
    expect(heapBytes() - before).toBeLessThan(mostGrowthBytes);
    const { expected, received } = await bystander.finish();
    expect(expected.length).toBeGreaterThan(0);
    expect(received).toBe(expected);
  } finally {
    await hub.close();
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
