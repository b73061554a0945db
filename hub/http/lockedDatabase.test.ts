/** Another program locks the hub's database, beside somebody whose answer goes on. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@libsql/client';
import { expect, test } from 'vitest';
import { askChat } from '../testing/askChat.ts';
import { api } from '../testing/apiClient.ts';
import { startBystander } from '../testing/bystander.ts';
import { startTestHub, testApiKey } from '../testing/testHub.ts';

interface Settings {
  revision: number;
  retentionDays: number;
}

test('while the database is locked, answers come; what must be kept is refused with its reason, the rest is kept later', async () => {
  const hub = await startTestHub({ model: { contextLength: 1_000_000 }, databaseThreads: true });
  const bystander = await startBystander(hub);
  const before = await api<Settings>(hub, 'GET', '/settings');
  const other = createClient({
    url: pathToFileURL(path.join(hub.directory, 'hub.sqlite')).href,
    // The hub may be writing.
    timeout: 60_000,
  });
  const lock = await other.transaction('write');

  const answer = await askChat(hub, {}, { headers: { authorization: `Bearer ${testApiKey}` } });
  expect(answer.status).toBe(200);
  const change = { revision: before.body.revision, retentionDays: 3 };
  const refused = await api(hub, 'PATCH', '/settings', change);
  expect(refused.status).toBe(503);
  expect(JSON.stringify(refused.body)).toContain('Another program has locked the hub');
  const requestId = answer.headers.get('x-request-id') ?? '';
  expect((await hub.database.requests.find(requestId))?.status).not.toBe('done');

  await lock.rollback();
  other.close();
  expect((await api(hub, 'PATCH', '/settings', change)).status).toBe(200);
  await expect
    .poll(async () => (await hub.database.requests.find(requestId))?.status, { timeout: 30_000 })
    .toBe('done');
  const { expected, received } = await bystander.finish();
  expect(received).toBe(expected);
  await hub.close();
});
