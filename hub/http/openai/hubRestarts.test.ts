import { randomUUID } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { RequestDetail } from '@potluck/api';
import { api } from '../../testing/apiClient.ts';
import { startTestHub, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
afterEach(() => hub.close());

const id = randomUUID();
const send = (): Promise<Response> =>
  fetch(`${hub.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-potluck-request': id, 'last-event-id': '0' },
    body: JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'Hi' }], stream: true }),
  });

/** @param finish whether the answer ends with these words */
async function serve(words: string, finish?: 'stop'): Promise<void> {
  hub.worker('one', {
    onPrompt: (one, { sessionId, tokens, position, epoch }) =>
      one.tokens(sessionId, position + tokens.length, hub.encode(words), finish, epoch),
  });
  await hub.served();
}

test('a request that three runs of the hub answered has both pauses in its record', async () => {
  hub = await startTestHub();
  await serve('Half');
  for (const pauses of [0, 1]) {
    const stream = await send();
    expect(stream.status).toBe(200);
    const half = hub.encode('Half').length * (pauses + 1);
    const written = async (): Promise<number | undefined> =>
      (await hub.database.journal.load()).find((entry) => entry.id === id)?.tokens.length;
    await expect.poll(written, { timeout: 20_000 }).toBe(half);
    const gone = stream.text().catch(() => undefined);
    await hub.kill();
    await gone;
    hub = await hub.restart();
    await serve(pauses === 0 ? 'Half' : ' is enough.', pauses === 0 ? undefined : 'stop');
  }
  const last = await send();
  expect(last.status).toBe(200);
  await last.text();
  const { body } = await api<RequestDetail>(hub, 'GET', `/requests/${id}`);
  expect(body).toMatchObject({ status: 'done', recovery: { replays: 2, lost: ['the hub'] } });
  const told = body.timeline?.pauses ?? [];
  expect(told.map(({ lost }) => lost)).toEqual([['the hub'], ['the hub']]);
  expect(told[1]?.fromMs).toBeGreaterThanOrEqual(told[0]?.toMs ?? Infinity);
  const sum = told.reduce((all, { fromMs, toMs }) => all + toMs - fromMs, 0);
  expect(sum).toBeCloseTo(body.recovery?.pauseMs ?? 0, 3);
});
