import {
  conversationHeaders,
  type CreatedApiKey,
  type RequestDetail,
  type RequestPage,
  type Settings,
} from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { requestRecord } from '../../testing/requestRecord.ts';
import { answering, startTestHub, testApiKey, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await startTestHub();
});
afterEach(() => hub.close());

const put = (...changes: Parameters<typeof requestRecord>[0][]): Promise<void[]> =>
  Promise.all(changes.map((change) => hub.database.requests.put(requestRecord(change))));
const list = async (query = '', headers: Record<string, string> = {}): Promise<RequestPage> =>
  (await api<RequestPage>(hub, 'GET', `/requests${query}`, undefined, headers)).body;
const withKey = { ...elsewhere, authorization: `Bearer ${testApiKey}` };

test('requests are filtered, searched and paged', async () => {
  const words = [{ role: 'user', content: 'How tall is a giraffe?' }];
  await put(
    { id: 'a', createdAt: 1000, status: 'failed', errorMessage: 'worker lost' },
    { id: 'b', createdAt: 2000, model: 'other', source: 'chat', owner: 'browser:ada', prompt: words },
    { id: 'c', createdAt: 3000, prompt: words, answer: 'Five metres.', keyName: "Ben's", owner: 'key:ben' },
  );
  const ids = async (query: string): Promise<string[]> => (await list(query)).requests.map(({ id }) => id);
  expect(await ids('')).toEqual(['c', 'b', 'a']);
  expect(await ids('?status=failed')).toEqual(['a']);
  expect(await ids('?model=other')).toEqual(['b']);
  expect(await ids('?source=chat')).toEqual(['b']);
  expect(await ids('?since=1500&until=2500')).toEqual(['b']);
  expect(await ids('?search=WORKER')).toEqual(['a']);
  expect(await ids("?search=ben's")).toEqual(['c']);
  // Devices are found by their names, not by what a route makes of them.
  const stage = { workerId: 'w' as WorkerId, worker: 'Mäx’s laptop', firstLayer: 0, lastLayer: 7 };
  await put({ id: 'e', createdAt: 400, route: 'M%C3%A4x%E2%80%99s%20laptop[0-7]', stages: [stage] });
  expect(await ids(`?search=${encodeURIComponent('mäx’s LAPTOP')}`)).toEqual(['e']);
  expect(await ids('?search=%2520')).toEqual([]);
  await hub.database.requests.remove({ id: 'e' });
  // The administrator may search what programs said, and not what Ada said in her chat.
  expect(await ids('?search=giraffe')).toEqual(['c']);
  expect(await ids('?search=%25')).toEqual([]);
  // The prompt is kept as JSON: what is looked for is what was said in it.
  await put({ id: 'd', createdAt: 500, prompt: [{ role: 'user', content: 'Say "ЖИРАФ"\nand Ärger' }] });
  for (const text of ['"жираф"\nAND', 'ärger']) {
    expect(await ids(`?search=${encodeURIComponent(text)}`), text).toEqual(['d']);
  }
  for (const name of ['role', 'content']) expect(await ids(`?search=${name}`), name).toEqual([]);
  expect((await api(hub, 'DELETE', `/requests?search=${encodeURIComponent('ÄRGER')}`)).body).toEqual({
    deleted: 1,
  });
  const first = await list('?limit=2');
  expect(first.total).toBe(3);
  expect((await list(`?limit=2&cursor=${first.next}`)).requests.map(({ id }) => id)).toEqual(['a']);
  for (const query of ['?limit=0', '?cursor=x', '?status=odd']) {
    expect((await api(hub, 'GET', `/requests${query}`)).status).toBe(400);
  }
});

test('words are kept only where the settings say so, and read only by who may', async () => {
  hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  const { headers } = await api(hub, 'GET', '/session');
  const ada = { cookie: headers.getSetCookie()[0]?.replace(/;.*/, '') ?? '' };
  const ask = async (who: Record<string, string>): Promise<string> => {
    const response = await askChat(hub, {}, { headers: who });
    await response.text();
    return response.headers.get('x-request-id') ?? '';
  };
  const detail = async (id: string, who: Record<string, string> = {}): Promise<Partial<RequestDetail>> =>
    (await api<RequestDetail>(hub, 'GET', `/requests/${id}`, undefined, who)).body;

  const chat = await ask(ada);
  expect(await detail(chat, ada)).toMatchObject({
    source: 'chat',
    mine: true,
    prompt: [{ role: 'user', content: 'Hi' }],
    answer: 'Hello',
    wordsMissing: null,
  });
  expect(await detail(chat)).toMatchObject({ mine: false, prompt: null, wordsMissing: 'not-yours' });
  const program = await ask(withKey);
  expect(await detail(program)).toMatchObject({
    source: 'api',
    key: "the hub's own key",
    predicted: { tokensPerSecond: expect.any(Number) as number, firstTokenMs: expect.any(Number) as number },
    answer: null,
    wordsMissing: 'not-kept',
  });
  const { body: settings } = await api<Settings>(hub, 'GET', '/settings');
  await api(hub, 'PATCH', '/settings', {
    revision: settings.revision,
    keepApiWords: true,
    keepChatWords: false,
  });
  expect(await detail(await ask(withKey))).toMatchObject({ answer: 'Hello', wordsMissing: null });
  expect(await detail(await ask(ada), ada)).toMatchObject({ answer: null, wordsMissing: 'not-kept' });
  // Nor are words kept that somebody asked not to keep.
  const temporary = await ask({ ...withKey, [conversationHeaders.temporary]: 'yes' });
  expect(await detail(temporary)).toMatchObject({ prompt: null, answer: null, wordsMissing: 'temporary' });
  // Who only asks sees own requests only.
  expect((await api(hub, 'GET', `/requests/${chat}`, undefined, withKey)).status).toBe(404);
  expect((await list('', withKey)).total).toBe(3);
  expect((await list()).total).toBe(5);
});

test('requests are exported as JSON lines, more than a page of them', async () => {
  await put(...Array.from({ length: 501 }, (_, index) => ({ id: `request-${index}`, createdAt: index })));
  const answer = await api<string>(hub, 'GET', '/requests/export');
  const lines = answer.body.trim().split('\n');
  expect(answer.headers.get('content-type')).toMatch(/jsonl/);
  expect(lines).toHaveLength(501);
  expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(501);
});

test('requests are deleted one by one, by filter, and by age', async () => {
  const now = Date.now();
  await put(
    { id: 'a', status: 'failed', createdAt: now },
    { id: 'b', createdAt: now },
    { id: 'c', createdAt: now, status: 'running' },
    { id: 'old', createdAt: now - 40 * 24 * 3_600_000 },
    { id: 'older', createdAt: now - 40 * 24 * 3_600_000 },
    { id: 'oldest', createdAt: now - 400 * 24 * 3_600_000 },
  );
  expect((await api(hub, 'DELETE', '/requests/c')).status).toBe(409);
  expect((await api(hub, 'DELETE', '/requests/b')).status).toBe(204);
  // What is not understood would delete more than was meant.
  expect(await api(hub, 'DELETE', '/requests?serach=failed')).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringMatching(/serach/) as string } },
  });
  expect((await api(hub, 'DELETE', '/requests?status=failed')).body).toEqual({ deleted: 1 });
  expect((await api(hub, 'DELETE', '/requests?search=older')).body).toEqual({ deleted: 1 });
  expect((await api(hub, 'DELETE', '/requests', undefined, withKey)).body).toEqual({ deleted: 0 });
  const { body: settings } = await api<Settings>(hub, 'GET', '/settings');
  await api(hub, 'PATCH', '/settings', { revision: settings.revision, retentionDays: 100 });
  await expect.poll(async () => (await list()).requests.map(({ id }) => id)).toEqual(['c', 'old']);
  expect((await api(hub, 'DELETE', '/requests')).body).toEqual({ deleted: 1 });
  expect((await list()).requests.map(({ id }) => id)).toEqual(['c']);
});

test('who is limited by tokens a day can not delete what they are counted by', async () => {
  const limits = { tokensPerDay: 10 };
  const { body: key } = await api<CreatedApiKey>(hub, 'POST', '/keys', {
    name: 'Ben',
    scopes: ['ask'],
    limits,
  });
  const ben = { ...elsewhere, authorization: `Bearer ${key.secret}` };
  const used = { owner: `key:${key.id}`, keyId: key.id, createdAt: Date.now() };
  await put({ ...used, id: 'a', promptTokens: 20 });
  const ask = (): Promise<Response> => askChat(hub, {}, { headers: ben });
  expect((await ask()).status).toBe(429);
  for (const path of ['/requests/a', '/requests']) {
    expect(await api(hub, 'DELETE', path, undefined, ben)).toMatchObject({
      status: 403,
      body: { error: { message: expect.stringMatching(/'Ben' has a limit of tokens a day/) as string } },
    });
  }
  expect((await ask()).status).toBe(429);
});
