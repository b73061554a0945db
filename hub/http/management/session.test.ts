import { randomUUID } from 'node:crypto';
import type { ApiKey, CreatedApiKey, CreatedJoinToken, JoinToken, Session, Settings } from '@potluck/api';
import { InstanceId, WorkerId, workerGoodbyePath } from '@potluck/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import { api, elsewhere } from '../../testing/apiClient.ts';
import { answering, startTestHub, testApiKey, testJoinToken, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
afterEach(() => hub.close());

const session = async (headers: Record<string, string> = {}): Promise<Session> =>
  (await api<Session>(hub, 'GET', '/session', undefined, headers)).body;
const bearer = (secret: string): Record<string, string> => ({
  ...elsewhere,
  authorization: `Bearer ${secret}`,
});
const cookiesOf = (headers: Headers): Record<string, string> => ({
  ...elsewhere,
  cookie: headers
    .getSetCookie()
    .map((cookie) => cookie.slice(0, cookie.indexOf(';')))
    .join('; '),
});
const chat = (headers: Record<string, string>, model = 'test-model'): Promise<Response> =>
  askChat(hub, { model }, { headers });

test('the first start asks for a password on this machine; with it one administers from anywhere', async () => {
  hub = await startTestHub();
  expect(await session()).toMatchObject({
    via: 'local',
    scopes: ['ask', 'admin'],
    hasAdminPassword: false,
    maySetAdminPassword: true,
  });
  expect(await session(elsewhere)).toMatchObject({ via: 'none', scopes: [], maySetAdminPassword: false });
  const password = 'correct horse';
  expect((await api(hub, 'PUT', '/session/password', { password }, elsewhere)).status).toBe(403);
  expect((await api(hub, 'PUT', '/session/password', { password: 'short' })).status).toBe(400);
  expect((await api(hub, 'PUT', '/session/password', { password })).status).toBe(200);

  // From then on this machine needs it for the management API, too; what asks goes on.
  for (const headers of [{}, elsewhere]) {
    expect((await api(hub, 'GET', '/settings', undefined, headers)).status).toBe(401);
    expect((await api(hub, 'GET', '/nodes', undefined, headers)).status).toBe(401);
    expect(await session(headers)).toMatchObject({ via: 'none', scopes: [], hasAdminPassword: true });
  }
  expect((await fetch(`${hub.url}/v1/models`)).status).toBe(200);
  expect((await api(hub, 'POST', '/session', { password: 'wrong' }, elsewhere)).status).toBe(401);
  const login = await api<Session>(hub, 'POST', '/session', { password }, elsewhere);
  expect(login.body).toMatchObject({ via: 'login', scopes: ['ask', 'admin'] });
  const cookies = cookiesOf(login.headers);
  expect((await api(hub, 'GET', '/settings', undefined, cookies)).status).toBe(200);
  // A page of another origin does not act with the cookie.
  const foreign = { ...cookies, origin: 'http://elsewhere.example' };
  expect((await api(hub, 'GET', '/settings', undefined, foreign)).status).toBe(401);

  const next = { password: 'battery staple', current: 'wrong' };
  expect((await api(hub, 'PUT', '/session/password', next, cookies)).status).toBe(403);
  // Who is elsewhere and not signed in does not hear whether a guess is right, however often.
  for (let guess = 0; guess < 8; guess++) {
    const guessed = { ...next, current: guess % 2 === 0 ? password : 'wrong' };
    const answer = await api<{ error: { message: string } }>(
      hub,
      'PUT',
      '/session/password',
      guessed,
      elsewhere,
    );
    expect([answer.status, answer.body.error.message]).toEqual([
      403,
      'Sign in with the admin password before you change it.',
    ]);
  }
  await api(hub, 'PUT', '/session/password', { ...next, current: password }, cookies);
  // All logins of before are over.
  expect((await api(hub, 'GET', '/settings', undefined, cookies)).status).toBe(401);
  const stored = await hub.database.values.get('admin-password');
  expect(JSON.stringify(stored)).not.toContain('battery');
});

test('a password from the environment rules; guessing gets slow', async () => {
  hub = await startTestHub({ adminPassword: 'from the environment' });
  expect(await session()).toMatchObject({ hasAdminPassword: true, maySetAdminPassword: false });
  expect((await api(hub, 'PUT', '/session/password', { password: 'another one' })).status).toBe(409);
  for (let attempt = 0; attempt < 5; attempt++) {
    expect((await api(hub, 'POST', '/session', { password: 'guess' }, elsewhere)).status).toBe(401);
  }
  const late = await api(hub, 'POST', '/session', { password: 'from the environment' }, elsewhere);
  expect(late.status).toBe(429);
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('guesses at the same time count, at the login and where the password is changed', async () => {
  hub = await startTestHub();
  const local = await api(hub, 'PUT', '/session/password', { password: 'correct horse' });
  const guess = async (method: string, path: string, body: unknown): Promise<number> =>
    (await api(hub, method, path, body, cookiesOf(local.headers))).status;
  const logins = Array.from({ length: 3 }, () => guess('POST', '/session', { password: 'a guess' }));
  const changes = Array.from({ length: 9 }, () =>
    guess('PUT', '/session/password', { password: 'another one', current: 'a guess' }),
  );
  const statuses = await Promise.all([...logins, ...changes]);
  expect(statuses.filter((status) => status === 429)).toHaveLength(7);
  expect(await guess('POST', '/session', { password: 'correct horse' })).toBe(429);
});

test('people give what they have, and hear what is wrong with it; it counts as one try', async () => {
  hub = await startTestHub();
  const logIn = async (secret: string): Promise<string> => {
    const { status, body } = await api<{ error?: { message: string } }>(
      hub,
      'POST',
      '/session',
      { secret },
      elsewhere,
    );
    return `${status} ${body.error?.message ?? ''}`;
  };
  expect(await logIn('a guess')).toMatch(/^401 This hub has no such key. There is no admin password/);
  const set = await api(hub, 'PUT', '/session/password', { password: 'correct horse' });
  const cookies = cookiesOf(set.headers);
  expect(await logIn('correct horse')).toBe('200 ');
  const { body: key } = await api<CreatedApiKey>(hub, 'POST', '/keys', { name: 'Ben' }, cookies);
  expect(await logIn(key.secret)).toBe('200 ');
  await api(hub, 'POST', `/keys/${key.id}/revoke`, undefined, cookies);
  expect(await logIn(key.secret)).toMatch(/^401 This key was revoked/);
  for (let attempt = 1; attempt < 5; attempt++) {
    expect(await logIn('a guess')).toBe('401 That is neither the admin password nor a key of this hub.');
  }
  expect(await logIn('correct horse')).toMatch(/^429 Too many wrong tries/);
});

test('who may join, ask and administer shows three different secrets', async () => {
  hub = await startTestHub();
  for (const secret of [testJoinToken, 'nonsense']) {
    expect((await api(hub, 'GET', '/nodes', undefined, bearer(secret))).status).toBe(401);
  }
  expect((await api(hub, 'GET', '/nodes', undefined, bearer(testApiKey))).status).toBe(200);
  expect((await api(hub, 'GET', '/settings', undefined, bearer(testApiKey))).status).toBe(403);
  expect((await api(hub, 'GET', '/join', undefined, bearer(testApiKey))).status).toBe(403);
  const { body: admin } = await api<CreatedApiKey>(hub, 'POST', '/keys', {
    name: 'admin',
    scopes: ['admin'],
  });
  expect((await api(hub, 'GET', '/settings', undefined, bearer(admin.secret))).status).toBe(200);
});

test('a key is shown once, known by its hash, limited, and over when it is revoked', async () => {
  hub = await startTestHub({ leaseMs: 600_000, more: [{ id: 'other-model' }] });
  hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  const limits = { requestsPerMinute: 2, models: ['test-model'] };
  const { body: key } = await api<CreatedApiKey>(hub, 'POST', '/keys', { name: "Ben's", limits });
  expect(key.secret).toMatch(/^sk-potluck-/);
  const { body } = await api<{ keys: ApiKey[] }>(hub, 'GET', '/keys');
  expect(JSON.stringify(body)).not.toContain(key.secret);
  expect(JSON.stringify(await hub.database.apiKeys.list())).not.toContain(key.secret);

  await api(hub, 'PUT', '/deployments', { model: 'other-model' });
  expect((await chat(bearer(key.secret), 'other-model')).status).toBe(403);
  expect((await chat(bearer(key.secret))).status).toBe(200);
  expect((await chat(bearer(key.secret))).status).toBe(200);
  expect((await chat(bearer(key.secret))).status).toBe(429);
  const used = (await api<{ keys: ApiKey[] }>(hub, 'GET', '/keys')).body.keys[0];
  expect(used?.lastUsedAt).toBeGreaterThan(0);

  // A browser may log in with it; that ends with the key.
  const login = await api<Session>(hub, 'POST', '/session', { key: key.secret }, elsewhere);
  expect(login.body.scopes).toEqual(['ask']);
  await api(hub, 'POST', `/keys/${key.id}/revoke`);
  expect((await chat(bearer(key.secret))).status).toBe(401);
  expect(await session(cookiesOf(login.headers))).toMatchObject({ via: 'none' });
  // Also where no key is needed: who sends it should hear that it is over.
  const local = await chat({ authorization: `Bearer ${key.secret}` });
  expect([local.status, await local.text()]).toEqual([401, expect.stringMatching(/The key is revoked/)]);
});

test('a join token lets nodes in until it is revoked; then they go', async () => {
  hub = await startTestHub();
  const { body: token } = await api<CreatedJoinToken>(hub, 'POST', '/join-tokens', { name: 'party' });
  expect(token.links[0]).toMatch(new RegExp(`/join#token=${token.secret}$`));
  expect(token.commands[0]).toContain(`--token ${token.secret}`);
  const worker = hub.worker('guest', { token: token.secret });
  await worker.message('welcome');
  const { body } = await api<{ tokens: JoinToken[] }>(hub, 'GET', '/join-tokens');
  expect(body.tokens).toMatchObject([
    { id: 'hub', permanent: true, nodes: 0 },
    { id: token.id, name: 'party', nodes: 1 },
  ]);
  expect(JSON.stringify(body)).not.toContain(token.secret);
  await api(hub, 'POST', `/join-tokens/${token.id}/revoke`);
  expect(await worker.message('refusal')).toMatchObject({ code: 'bad-token', retry: false });
  const again = hub.worker('guest', { token: token.secret });
  expect((await again.message('refusal')).message).toMatch(/wrong, expired or revoked/);
  expect((await api(hub, 'POST', '/join-tokens/hub/revoke')).status).toBe(409);
  const past = await api(hub, 'POST', '/join-tokens', { name: 'late', expiresAt: 1 });
  expect(past.status).toBe(400);
});

test('a worker that joined in time comes back when its token has expired, and nobody else does', async () => {
  hub = await startTestHub();
  const { body: token } = await api<CreatedJoinToken>(hub, 'POST', '/join-tokens', {
    name: 'party',
    expiresAt: Date.now() + 3_600_000,
  });
  const hello = {
    workerId: WorkerId.parse(randomUUID()),
    instanceId: InstanceId.parse(randomUUID()),
  };
  const guest = hub.worker('guest', { token: token.secret, hello });
  await guest.message('welcome');
  guest.kill();
  vi.setSystemTime(Date.now() + 7_200_000);
  try {
    const back = hub.worker('guest', { token: token.secret, hello });
    await back.message('welcome');
    // What a hub knows of it when it starts.
    await expect.poll(() => hub.database.nodes.instances()).toEqual([[hello.workerId, hello.instanceId]]);
    back.kill();
    const stranger = hub.worker('stranger', { token: token.secret });
    expect(await stranger.message('refusal')).toMatchObject({ code: 'bad-token', retry: false });
    const again = hub.worker('guest', {
      token: token.secret,
      hello: { ...hello, instanceId: InstanceId.parse(randomUUID()) },
    });
    expect(await again.message('refusal')).toMatchObject({ code: 'bad-token' });
    await api(hub, 'POST', `/join-tokens/${token.id}/revoke`);
    const revoked = hub.worker('guest', { token: token.secret, hello });
    expect(await revoked.message('refusal')).toMatchObject({ code: 'bad-token' });
  } finally {
    vi.useRealTimers();
  }
});

test('two who change the settings at once: the second is told', async () => {
  hub = await startTestHub();
  const { body: seen } = await api<Settings>(hub, 'GET', '/settings');
  const first = await api<Settings>(hub, 'PATCH', '/settings', { revision: seen.revision, retentionDays: 7 });
  expect(first.body).toMatchObject({ retentionDays: 7, revision: seen.revision + 1 });
  const second = await api(hub, 'PATCH', '/settings', { revision: seen.revision, retentionDays: null });
  expect(second.status).toBe(409);
  const token = { revision: seen.revision + 1, hubToken: 'hf_secret' };
  const kept = await api<Settings>(hub, 'PATCH', '/settings', token);
  expect(kept.body.hasHubToken).toBe(true);
  expect(JSON.stringify(kept.body)).not.toContain('hf_secret');
  // A token goes with the place that it is for.
  const moved = await api<Settings>(hub, 'PATCH', '/settings', {
    revision: kept.body.revision,
    hubEndpoint: 'http://mirror.example',
  });
  expect(moved.body).toMatchObject({ hasHubToken: false, hubEndpoint: 'http://mirror.example' });
  for (const change of [{ hubEndpoint: 'file:///etc' }, { trustLocal: false }, { retentionDays: 0 }]) {
    const refused = await api(hub, 'PATCH', '/settings', { revision: moved.body.revision, ...change });
    expect(refused.status).toBeGreaterThanOrEqual(400);
  }
});

test('TURN servers are told to workers that join, and their password to nobody else', async () => {
  hub = await startTestHub();
  const { revision } = (await api<Settings>(hub, 'GET', '/settings')).body;
  const turn = { turnUrls: ['turn:turn.example.org:3478'], turnUsername: 'potluck' };
  const bare = await api<{ error: { message: string } }>(hub, 'PATCH', '/settings', { revision, ...turn });
  expect([bare.status, bare.body.error.message]).toEqual([400, expect.stringMatching(/need a user name/)]);
  const wrong = { revision, turnUrls: ['http://turn.example.org'] };
  expect((await api(hub, 'PATCH', '/settings', wrong)).status).toBe(400);
  const change = { revision, ...turn, turnCredential: 'a secret of TURN' };
  const { body } = await api<Settings>(hub, 'PATCH', '/settings', change);
  expect(body).toMatchObject({ ...turn, hasTurnCredential: true, flagTurnUrls: [] });
  expect(JSON.stringify(body)).not.toContain('a secret of TURN');
  const { iceServers } = await hub.worker('one').message('welcome');
  expect(iceServers).toEqual([{ urls: turn.turnUrls, username: 'potluck', credential: 'a secret of TURN' }]);
  const none = { revision: body.revision, turnUrls: [], turnUsername: '', turnCredential: null };
  expect((await api<Settings>(hub, 'PATCH', '/settings', none)).body.hasTurnCredential).toBe(false);
  expect((await hub.worker('other').message('welcome')).iceServers).toEqual([]);
});

test('this machine needs a login, too, where the operator says so', async () => {
  hub = await startTestHub({ adminPassword: 'a long password' });
  const { body } = await api<Settings>(hub, 'GET', '/settings');
  await api(hub, 'PATCH', '/settings', { revision: body.revision, trustLocal: false });
  expect(await session()).toMatchObject({ via: 'none', scopes: [] });
  expect((await api(hub, 'GET', '/nodes')).status).toBe(401);
});

test('a body too large is refused before it is read, also from those who have not logged in', async () => {
  hub = await startTestHub();
  const post = (path: string, body: BodyInit, init: RequestInit = {}): Promise<Response> =>
    fetch(`${hub.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...elsewhere },
      body,
      ...init,
    });
  const long = JSON.stringify({ password: 'x'.repeat(70_000) });
  expect((await post('/api/session', long)).status).toBe(413);
  // Without a length that was announced, too.
  expect(
    (await post('/api/session', new Blob([long]).stream(), { duplex: 'half' } as RequestInit)).status,
  ).toBe(413);
  expect((await post(workerGoodbyePath, long)).status).toBe(413);
  const known = { headers: { 'content-type': 'application/json' } };
  expect((await post('/api/conversations', `{"a":"${'x'.repeat(5_000_000)}"}`, known)).status).toBe(413);
  expect((await post('/api/session', JSON.stringify({ password: 'x' }))).status).not.toBe(413);
});
