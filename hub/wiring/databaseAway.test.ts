/** The server that has the hub's database goes away, beside somebody whose answer goes on. */
import { randomUUID } from 'node:crypto';
import { conversationHeaders, requestHeader, type CreatedApiKey, type Diagnostics } from '@potluck/api';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startSqld, sqldMissing } from '../../testing/servers/sqldServer.ts';
import { openDatabaseServer } from '../database/databaseServer.ts';
import { askChat } from '../testing/askChat.ts';
import { api } from '../testing/apiClient.ts';
import { startBystander } from '../testing/bystander.ts';
import { startTestHub, testApiKey } from '../testing/testHub.ts';

interface Settings {
  revision: number;
  retentionDays: number;
}

if (sqldMissing !== undefined) console.log(sqldMissing);

test.skipIf(sqldMissing !== undefined)(
  'while the database server is away, answers come and the hub says that it is degraded; then all is kept',
  async () => {
    await using server = await startSqld();
    const logger = pino({ level: 'silent' });
    const database = await openDatabaseServer({ server: { url: server.url }, logger }, { retryMs: 50 });
    const hub = await startTestHub({ model: { contextLength: 1_000_000 }, database });
    const health = async (): Promise<Record<string, unknown>> =>
      (await (await fetch(`${hub.url}/health`)).json()) as Record<string, unknown>;
    const bystander = await startBystander(hub);
    const before = await api<Settings>(hub, 'GET', '/settings');
    expect(await health()).toMatchObject({ status: 'ok', ready: true });
    const askLimited = async (): Promise<Response> =>
      askChat(hub, {}, { headers: { authorization: `Bearer ${limited.body.secret}` } });
    const limits = { tokensPerDay: 1_000_000 };
    const limited = await api<CreatedApiKey>(hub, 'POST', '/keys', { name: 'Ben', scopes: ['ask'], limits });
    expect((await askLimited()).status).toBe(200);

    await server.kill();
    const answer = await askChat(hub, {}, { headers: { authorization: `Bearer ${testApiKey}` } });
    expect(answer.status).toBe(200);
    const named = { authorization: `Bearer ${testApiKey}`, [requestHeader]: randomUUID() };
    expect((await askChat(hub, {}, { headers: named })).status).toBe(200);
    const goesOn = { ...named, [requestHeader]: randomUUID(), 'last-event-id': '3' };
    expect((await askChat(hub, { stream: true }, { headers: goesOn })).status).toBe(503);
    expect((await askLimited()).status).toBe(200);
    const conversation = {
      ...named,
      [requestHeader]: randomUUID(),
      [conversationHeaders.conversation]: randomUUID(),
    };
    const unkept = await askChat(hub, {}, { headers: conversation });
    expect([unkept.status, await unkept.text()]).toEqual([
      503,
      expect.stringContaining('a temporary chat is answered'),
    ]);
    const change = { revision: before.body.revision, retentionDays: 3 };
    const refused = await api(hub, 'PATCH', '/settings', change);
    expect(refused.status).toBe(503);
    expect(JSON.stringify(refused.body)).toContain('database_unreachable');
    const degraded = await health();
    expect(degraded).toMatchObject({ status: 'degraded', ready: true });
    expect(degraded['trouble']).toContain("The hub's database server does not answer");
    expect(degraded['trouble']).toContain('Keys with a daily limit go on');
    const found = await api<Diagnostics>(hub, 'GET', '/diagnostics');
    expect(found.body.database).toMatchObject({
      kind: 'server',
      trouble: expect.stringContaining('does not answer') as string,
    });
    expect(found.body.problems).toContainEqual(expect.stringContaining('keeps nothing at the moment'));

    await server.start();
    await expect.poll(async () => (await health())['status'], { timeout: 30_000 }).toBe('ok');
    expect((await api(hub, 'PATCH', '/settings', change)).status).toBe(200);
    const requestId = answer.headers.get('x-request-id') ?? '';
    expect((await database.requests.find(requestId))?.status).toBe('done');
    const { expected, received } = await bystander.finish();
    expect(received).toBe(expected);
    await hub.close();
    await database.close();
  },
);
