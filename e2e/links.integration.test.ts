/** What links between workers carry is measured and shown, over data channels and over the hub. */
import type { Link, Node } from '@potluck/api';
import { expect, test } from 'vitest';
import { startHub, type HubProcess } from './support/hubProcess.ts';

async function links(hub: HubProcess): Promise<Link[]> {
  const { nodes } = (await (await fetch(`${hub.url}/api/nodes`)).json()) as { nodes: Node[] };
  return nodes.flatMap(({ peers }) => peers);
}

test.each([
  ['direct', []],
  ['relayed', ['--force-relay']],
])('a %s link says its round trip and its bandwidth, from both ends', async (state, flags) => {
  await using hub = await startHub({ flags: ['--local-workers', '2', '--stages', '2', ...flags] });
  await expect
    .poll(async () => (await links(hub)).filter(({ bytesPerSecond }) => bytesPerSecond !== null), {
      timeout: 60_000,
    })
    .toHaveLength(2);
  for (const link of await links(hub)) {
    expect(link.state).toBe(state);
    expect(link.roundTripMs).toBeGreaterThan(0);
    // On one machine: more than any radio, less than its memory.
    expect(link.bytesPerSecond).toBeGreaterThan(100e3);
    expect(link.bytesPerSecond).toBeLessThan(100e9);
  }
});
