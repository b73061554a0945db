import type { HistoryPage, RequestPage, Settings, Usage } from '@potluck/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { answering, startTestHub, testApiKey, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.close());

const ask = (model?: string): Promise<Response> => askChat(hub, { model, max_tokens: 3 });
const history = async (query = '', headers: Record<string, string> = {}): Promise<HistoryPage['events']> =>
  (await api<HistoryPage>(hub, 'GET', `/history${query}`, undefined, headers)).body.events;

test('requests that were refused are listed with who asked, for what, and why', async () => {
  expect((await ask('no-such')).status).toBe(404);
  expect((await ask('no-such')).status).toBe(404);
  const wrongKey = await fetch(`${hub.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer wrong', ...elsewhere },
    body: '{}',
  });
  expect(wrongKey.status).toBe(401);
  const { body } = await api<RequestPage>(hub, 'GET', '/requests?status=refused');
  expect(
    body.requests.map(({ model, errorCode, times, stages }) => [model, errorCode, times, stages]),
  ).toEqual([
    ['', 'invalid_api_key', 1, []],
    ['no-such', 'model_not_found', 2, []],
  ]);
  expect(body.requests[1]?.errorMessage).toContain("The model 'no-such' does not exist here");
});

test('what happened is kept with names, and who changed what only for who administers', async () => {
  const worker = hub.worker('pantry', answering(hub, 'Soup'));
  await hub.served();
  const done = await ask();
  expect(done.status).toBe(200);
  const { revision } = (await api<Settings>(hub, 'GET', '/settings')).body;
  const change = await api(hub, 'PATCH', '/settings', { revision, retentionDays: 9 });
  expect(change.status).toBe(200);
  worker.kill();
  await expect.poll(() => history('?topic=nodes')).toHaveLength(2);
  const events = await history();
  expect(events.map(({ kind, node, actor }) => [kind, node, actor])).toEqual(
    expect.arrayContaining([
      ['node-joined', 'pantry', null],
      ['node-lost', 'pantry', null],
      ['settings-changed', null, 'local'],
    ]),
  );
  expect(events.find(({ kind }) => kind === 'settings-changed')?.detail).toEqual({
    settings: 'retentionDays',
  });
  expect(events.find(({ kind }) => kind === 'model-ready')?.detail).toEqual({ nodes: 'pantry' });
  expect((await history('?about=pantry')).map(({ kind }) => kind)).toEqual(['node-lost', 'node-joined']);
  const asker = { ...elsewhere, authorization: `Bearer ${testApiKey}` };
  expect(await history('?topic=settings', asker)).toEqual([]);
  expect((await history('?topic=nodes', asker)).map(({ actor }) => actor)).toEqual([null, null]);
  expect((await history('', asker)).map(({ kind }) => kind)).not.toContain('settings-changed');
  expect(events.at(-1)).toMatchObject({ kind: 'hub-started', actor: null });
  const { body } = await api<HistoryPage>(hub, 'GET', '/history?limit=1');
  expect(await history(`?before=${body.next}&limit=1`)).toHaveLength(1);
});

test('usage counts what was answered and what was refused', async () => {
  const { body } = await api<Usage>(hub, 'GET', '/usage?by=node');
  expect(body.totals).toMatchObject({
    requests: 1,
    failed: 0,
    refused: 3,
  });
  expect(body.groups.map(({ name, requests }) => [name, requests])).toEqual([['pantry', 1]]);
  expect(body.series).toHaveLength(24);
  expect((await api(hub, 'GET', '/usage?range=1y')).status).toBe(400);
});
