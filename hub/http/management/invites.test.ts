import type { AcceptedInvite, CreatedInvite, Invite, Session } from '@potluck/api';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { api, type ApiAnswer } from '../../testing/apiClient.ts';
import { startTestHub, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ adminPassword: 'correct horse' });
});
afterAll(() => hub.close());

const later = Date.now() + 3_600_000;
let friends = 0;
/** Each from an address of its own. */
const friend = (): Record<string, string> => ({ 'x-forwarded-for': '10.0.0.1', 'x-test': String(++friends) });
const create = (more: object = {}): Promise<ApiAnswer<CreatedInvite>> =>
  api<CreatedInvite>(hub, 'POST', '/invites', { name: 'Anna', expiresAt: later, ...more }, admin);
const accept = (secret: string, headers = friend()): Promise<ApiAnswer<AcceptedInvite>> =>
  api<AcceptedInvite>(hub, 'POST', '/invites/accept', { secret }, headers);
const listed = async (id: string): Promise<Invite | undefined> =>
  (await api<{ invites: Invite[] }>(hub, 'GET', '/invites', undefined, admin)).body.invites.find(
    (invite) => invite.id === id,
  );
const cookiesOf = ({ headers }: ApiAnswer<unknown>): Record<string, string> => ({
  ...friend(),
  cookie: headers
    .getSetCookie()
    .map((cookie) => cookie.slice(0, cookie.indexOf(';')))
    .join('; '),
});
let admin: Record<string, string> = {};
beforeAll(async () => {
  admin = cookiesOf(await api(hub, 'POST', '/session', { password: 'correct horse' }));
});

test('one invite lets a friend chat and lend, and takes both back', async () => {
  const { status, body: invite } = await create();
  expect(status).toBe(201);
  expect(invite.links[0]).toContain(`/join#invite=${invite.secret}`);
  expect(invite.code).toBeNull();
  const accepted = await accept(invite.secret);
  expect(accepted.status).toBe(200);
  const cookies = cookiesOf(accepted);
  const session = await api<Session>(hub, 'GET', '/session', undefined, cookies);
  expect(session.body).toMatchObject({ via: 'login', scopes: ['ask'] });
  expect((await api(hub, 'GET', '/settings', undefined, cookies)).status).toBe(403);
  hub.worker('laptop', { token: accepted.body.joinToken });
  await expect.poll(() => listed(invite.id)).toMatchObject({ uses: 1, mostUses: 1, nodes: 1 });
  // What an invite is made of is not listed beside it.
  const { body: keys } = await api<{ keys: unknown[] }>(hub, 'GET', '/keys', undefined, admin);
  const { body: tokens } = await api<{ tokens: unknown[] }>(hub, 'GET', '/join-tokens', undefined, admin);
  expect([keys.keys.length, tokens.tokens.length]).toEqual([0, 1]);

  await api(hub, 'POST', `/invites/${invite.id}/revoke`, undefined, admin);
  expect((await api<Session>(hub, 'GET', '/session', undefined, cookies)).body.scopes).toEqual([]);
  expect(await listed(invite.id)).toMatchObject({ nodes: 0 });
  expect(hub.access.joinTokens.idOf(accepted.body.joinToken)).toBeUndefined();
  expect((await api(hub, 'DELETE', `/invites/${invite.id}`, undefined, admin)).status).toBe(204);
  expect(await listed(invite.id)).toBeUndefined();
  expect(hub.access.keys.list).toEqual([]);
});

test('an invite that is used up, over or taken back says which', async () => {
  const { body: two } = await create({ mostUses: 2 });
  const uses = await Promise.all([accept(two.secret), accept(two.secret), accept(two.secret)]);
  expect(uses.map(({ status }) => status).toSorted()).toEqual([200, 200, 410]);
  expect(await listed(two.id)).toMatchObject({ uses: 2 });
  expect(hub.access.invites.tokensOf(two.id)).toHaveLength(2);
  expect((await accept(two.secret)).body).toMatchObject({
    error: { code: 'invite_over', message: expect.stringContaining('used as often') as string },
  });
  const soon = Date.now() + 1000;
  const { body: short } = await create({ expiresAt: soon });
  expect(await hub.access.invites.accept(short.secret, soon)).toBe('expired');
  await api(hub, 'POST', `/invites/${short.id}/revoke`, undefined, admin);
  expect((await accept(short.secret)).status).toBe(410);
  expect((await create({ expiresAt: Date.now() - 1 })).status).toBe(400);
  expect((await create({ mostUses: 0 })).status).toBe(400);
});

test('a code opens the same for a day, and guesses are braked, also those that come at once', async () => {
  const { body: invite } = await create({
    mostUses: 2,
    expiresAt: Date.now() + 100 * 24 * 3_600_000,
    withCode: true,
  });
  const code = invite.code ?? '';
  expect((invite.codeExpiresAt ?? 0) - invite.createdAt).toBe(24 * 3_600_000);
  expect((await accept(` ${code.toLowerCase().replace('-', ' ')}`)).status).toBe(200);
  expect(await hub.access.invites.accept(code, invite.codeExpiresAt ?? 0)).toBe('unknown');
  const guesses = await Promise.all(
    Array.from({ length: 12 }, (_, index) => accept(`AAAA-AAA${(index % 8) + 2}`)),
  );
  expect(guesses.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(5);
  expect(guesses.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(7);
  // The right one waits as well: the guesser learns nothing.
  const refused = await accept(code);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
});

test('another site’s page accepts nothing for its visitor, and whoever administers keeps that right', async () => {
  const { body: invite } = await create({ mostUses: 1 });
  // Two minutes later, who guessed need not wait any more.
  const now = performance.now.bind(performance);
  const later = vi.spyOn(performance, 'now').mockImplementation(() => now() + 120_000);
  try {
    expect((await accept(invite.secret, { origin: 'http://elsewhere.example' })).status).toBe(403);
    const accepted = await accept(invite.secret, admin);
    expect(accepted.status).toBe(200);
    expect(accepted.headers.getSetCookie().join()).not.toContain('potluck_login');
  } finally {
    later.mockRestore();
  }
});

test('what was accepted is still there after a restart', async () => {
  const { body: invite } = await create();
  const accepted = await hub.access.invites.accept(invite.secret);
  if (typeof accepted === 'string') throw new Error(accepted);
  const [kept] = (await hub.database.invites.list()).filter(({ id }) => id === invite.id);
  expect(kept).toMatchObject({ uses: 1, tokenIds: hub.access.invites.tokensOf(invite.id) });
  expect(JSON.stringify(kept)).not.toContain(invite.secret);
});
