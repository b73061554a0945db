import type { HistoryPage, JoinToken, Settings, UnapprovedDevice } from '@potluck/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { JoinTokens } from '../../accounts/joinTokens.ts';
import { api } from '../../testing/apiClient.ts';
import { startTestHub, testJoinToken, type TestHub } from '../../testing/testHub.ts';
import type { ScriptedWorker } from '../../testing/scriptedWorker.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub.close());

const set = async (change: object): Promise<number> => {
  const { revision } = (await api<Settings>(hub, 'GET', '/settings')).body;
  return (await api(hub, 'PATCH', '/settings', { revision, ...change })).status;
};
const waiting = async (): Promise<UnapprovedDevice[]> =>
  (await api<{ devices: UnapprovedDevice[] }>(hub, 'GET', '/nodes/unapproved')).body.devices;
/** Names of nodes to which it happened. */
const noted = async (kind: string): Promise<(string | null)[]> =>
  (await api<HistoryPage>(hub, 'GET', '/history?limit=200')).body.events
    .filter((event) => event.kind === kind)
    .map(({ node }) => node);
const modeOf = (worker: ScriptedWorker): string => hub.nodes.of(worker.id).mode;
const assigned = (worker: ScriptedWorker): boolean => worker.received.some(({ type }) => type === 'assign');

test('an unknown device gets no layers until it is approved, and that is remembered', async () => {
  await set({ newDevices: 'ask' });
  const name = '<b onclick="x()">laptop</b>';
  const worker = hub.worker(name, {});
  await expect.poll(waiting).toHaveLength(1);
  expect((await waiting())[0]).toMatchObject({
    id: worker.id,
    name,
    kind: 'node',
    address: expect.stringContaining('127.0.0.1') as string,
    joinedWith: "the hub's own",
  });
  expect(worker.received[0]).toMatchObject({ type: 'welcome', waitsForApproval: true });
  expect(hub.nodes.unusable(worker.id)).toBe('waits for approval');
  // It counts as one that waits, and what it offers as nothing.
  const metrics = await (await fetch(`${hub.url}/metrics`)).text();
  expect(metrics).toContain('potluck_workers{kind="node",state="waiting"} 1');
  expect(metrics).toContain('potluck_workers{kind="node",state="standby"} 0');
  expect(metrics).toMatch(/^potluck_worker_memory_bytes\{worker=".*laptop.*",what="offered"\} 0$/m);
  // It is kept: a restart of the hub approves nobody.
  await expect
    .poll(async () => (await hub.database.nodes.policies()).find(([id]) => id === worker.id)?.[1].mode)
    .toBe('waiting');
  expect(assigned(worker)).toBe(false);

  await api(hub, 'PATCH', `/nodes/${worker.id}`, { mode: 'active' });
  await expect.poll(() => assigned(worker)).toBe(true);
  expect(await waiting()).toEqual([]);
  expect(await noted('node-approved')).toEqual([name]);
  expect(await noted('node-changed')).toEqual([]);
  worker.kill();
  await worker.closed;
  const back = hub.worker('laptop again', { hello: { workerId: worker.id } });
  await expect.poll(() => assigned(back)).toBe(true);
  expect(modeOf(back)).toBe('active');
});

test('a device that was refused stays out', async () => {
  const worker = hub.worker('stranger', {});
  await expect.poll(waiting).toHaveLength(1);
  await api(hub, 'POST', `/nodes/${worker.id}/evict`, { ban: true, reason: 'nobody knows it' });
  await worker.closed;
  expect(await noted('node-declined')).toEqual(['stranger']);
  expect(await noted('node-evicted')).toEqual([]);
  const again = hub.worker('stranger', { hello: { workerId: worker.id } });
  await again.closed;
  expect(again.received.at(-1)).toMatchObject({ type: 'refusal', code: 'evicted' });
});

test('no new device comes in where none is wanted', async () => {
  await set({ newDevices: 'refuse' });
  const worker = hub.worker('late', {});
  await worker.closed;
  expect(worker.received).toMatchObject([{ type: 'refusal', code: 'no-new-devices' }]);
  await set({ newDevices: 'welcome' });
});

test('the hub’s own join token is replaced: who is here stays, or goes, and nobody new comes in with it', async () => {
  const replace = (body: object): Promise<{ status: number }> =>
    api(hub, 'POST', '/join-tokens/hub/replace', body);
  const tokenNow = async (): Promise<string> =>
    (await api<{ token: string }>(hub, 'GET', '/join')).body.token;
  const isHere = (worker: ScriptedWorker): boolean => hub.registry.table.has(worker.id);
  const blob = async (token: string): Promise<number> =>
    (
      await fetch(`${hub.url}/blobs/${'0'.repeat(64)}`, {
        headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': '10.0.0.1' },
      })
    ).status;
  const stays = hub.worker('stays', {});
  await expect.poll(() => isHere(stays)).toBe(true);
  expect((await replace({ stay: true })).status).toBe(200);
  const second = await tokenNow();
  expect(second).not.toBe(testJoinToken);
  expect(isHere(stays)).toBe(true);
  // It still gets its weights; nobody new joins.
  expect(await blob(testJoinToken)).toBe(404);
  const late = hub.worker('late', {});
  await late.closed;
  expect(late.received).toMatchObject([{ code: 'bad-token' }]);

  const goes = hub.worker('goes', { token: second });
  await expect.poll(() => isHere(goes)).toBe(true);
  expect((await replace({ stay: false })).status).toBe(200);
  await goes.closed;
  expect(isHere(stays)).toBe(true);
  // Revoking the former one ends those that stayed.
  const { tokens } = (await api<{ tokens: JoinToken[] }>(hub, 'GET', '/join-tokens')).body;
  const former = tokens.find(({ name }) => name.includes('until it was replaced'));
  expect(former?.nodes).toBeGreaterThanOrEqual(1);
  await api(hub, 'POST', `/join-tokens/${former?.id}/revoke`);
  await stays.closed;
  expect(await blob(testJoinToken)).toBe(401);
});

test('a hub that was started with its token says that it can’t be replaced', async () => {
  const given = await JoinTokens.load(hub.database.joinTokens, 'given to the hub');
  await expect(given.replaceOwn({ stay: true })).rejects.toThrow('started with its join token');
});

test('only origins are taken as such', async () => {
  for (const wrong of [
    '*',
    'chat.example.org',
    'https://a.example/',
    'https://a.example/x',
    'javascript:1',
    'null',
  ])
    expect(await set({ corsOrigins: [wrong] }), wrong).toBe(400);
  expect(await set({ corsOrigins: ['https://chat.example.org', 'http://localhost:3000'] })).toBe(200);
  const preflight = (origin: string): Promise<Response> =>
    fetch(`${hub.url}/v1/models`, { method: 'OPTIONS', headers: { origin } });
  const allowed = await preflight('http://localhost:3000');
  expect(allowed.headers.get('access-control-allow-origin')).toBe('http://localhost:3000');
  for (const origin of ['https://evil.example', 'https://chat.example.org.evil.example']) {
    expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    const asked = await fetch(`${hub.url}/v1/models`, { headers: { origin } });
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
  }
  expect(await set({ corsOrigins: [] })).toBe(200);
  expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).not.toBeNull();
});
