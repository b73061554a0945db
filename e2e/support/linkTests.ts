/** Tests of what links between workers carry: measured and shown, over data channels and over the hub, and speed predicted from it. */
import type { DeploymentPreview, Link, Node, RequestSummary } from '@potluck/api';
import { expect, test } from 'vitest';
import type { HubProcess } from './hubProcess.ts';

const model = 'minimind2-small';

async function get<T>(hub: HubProcess, path: string): Promise<T> {
  return (await (await fetch(`${hub.url}/api${path}`)).json()) as T;
}

async function links(hub: HubProcess): Promise<Link[]> {
  return (await get<{ nodes: Node[] }>(hub, '/nodes')).nodes.flatMap(({ peers }) => peers);
}

/** Tokens a second of an answer, as the hub saw it. */
async function speedOfAnswer(hub: HubProcess): Promise<number | null> {
  const { response } = await hub.client.chat.completions
    .create({
      model,
      messages: [{ role: 'user', content: 'Tell me about the sea.' }],
      temperature: 0,
      max_tokens: 64,
    })
    .withResponse();
  return (await get<RequestSummary>(hub, `/requests/${response.headers.get('x-request-id') ?? ''}`))
    .tokensPerSecond;
}

/** @param hub one with three local workers, which serve the built-in model in three stages */
export function runLinkTests(hub: () => HubProcess, state: 'direct' | 'relayed'): void {
  test('say of each link its round trip and its bandwidth, and predictions use it', () =>
    checkLinks(hub(), state));
}

async function checkLinks(hub: HubProcess, state: 'direct' | 'relayed'): Promise<void> {
  // Each of them is told by both of its ends.
  await expect
    .poll(async () => (await links(hub)).filter(({ bytesPerSecond }) => bytesPerSecond !== null), {
      timeout: 60_000,
    })
    .toHaveLength(6);
  for (const link of await links(hub)) {
    expect(link.state).toBe(state);
    expect(link.roundTripMs).toBeGreaterThan(0);
    // On one machine: more than any radio, less than its memory.
    expect(link.bytesPerSecond).toBeGreaterThan(100e3);
    expect(link.bytesPerSecond).toBeLessThan(100e9);
  }

  const measured = await speedOfAnswer(hub);
  const answer = await fetch(`${hub.url}/api/deployments/preview`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, plan: { mode: 'shards', count: 3 } }),
  });
  const { predictions } = (await answer.json()) as DeploymentPreview;
  const relayed = state === 'relayed';
  expect(predictions).toMatchObject([
    {
      basis: 'measured',
      stages: Array.from({ length: 3 }, () => ({ explanation: 'measured in answers' })),
      hops: [{ relayed }, { relayed }, { relayed }],
    },
  ]);
  // The stages' part is from that very answer: what differs is the machine's other work.
  expect(predictions[0]?.tokensPerSecond).toBeGreaterThan((measured ?? Infinity) / 5);
  expect(predictions[0]?.tokensPerSecond).toBeLessThan((measured ?? 0) * 5);
}
