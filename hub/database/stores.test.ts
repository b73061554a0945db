/** What every store keeps comes back as it was, and goes when it is removed. */
import { randomUUID } from 'node:crypto';
import { InstanceId, WorkerId } from '@potluck/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiKeyRow, InviteRow, JoinTokenRow } from '../accounts/accountStores.ts';
import type { ConversationRow, MessageRow } from '../conversations/conversationStore.ts';
import { databaseKinds, type TestDatabase } from '../testing/testDatabases.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import type { Database } from './database.ts';

describe.each(databaseKinds)('in $kind', ({ start }) => {
  let place: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    place = await start();
    database = await place.open();
    // As several hubs do, and one alone with a server.
    await database.lead(1);
  });
  afterAll(async () => {
    await database.close();
    await place[Symbol.asyncDispose]();
  });

  test('keys, join tokens, invites and logins', async () => {
    const { apiKeys, joinTokens, invites, logins } = database;
    const token: JoinTokenRow = {
      ...{ id: 'one', name: 'Zoë “日本”', prefix: 'ab', hash: 'h', createdAt: 1 },
      ...{ expiresAt: null, revokedAt: null, lastUsedAt: null },
    };
    const key: ApiKeyRow = { ...token, scopes: ['ask'], limits: { requestsPerMinute: 5 } };
    const invite: InviteRow = {
      ...{ ...token, expiresAt: 9, codeHash: 'c', codeExpiresAt: 8, mostUses: 3, uses: 0 },
      ...{ keyId: 'k', tokenIds: ['t'] },
    };
    await apiKeys.add(key);
    await joinTokens.add(token);
    await invites.add(invite);
    await apiKeys.change('one', { lastUsedAt: 7 });
    await joinTokens.change('one', { revokedAt: 7 });
    await invites.change('one', { uses: 1, tokenIds: ['t', 'u'] });
    expect(await apiKeys.list()).toEqual([{ ...key, lastUsedAt: 7 }]);
    expect(await joinTokens.list()).toEqual([{ ...token, revokedAt: 7 }]);
    expect(await invites.list()).toEqual([{ ...invite, uses: 1, tokenIds: ['t', 'u'] }]);
    for (const store of [apiKeys, joinTokens, invites]) {
      await store.remove('one');
      expect(await store.list()).toEqual([]);
    }
    for (const [hash, keyId, expiresAt] of [
      ['a', null, 1],
      ['b', 'k', 9],
      ['c', null, 9],
    ] as const)
      await logins.add({ hash, scopes: ['ask', 'admin'], keyId, createdAt: 1, expiresAt });
    await logins.removeExpired(5);
    await logins.removeAll('k');
    expect((await logins.list()).map(({ hash }) => hash)).toEqual(['c']);
    await logins.remove('c');
    expect(await logins.list()).toEqual([]);
  });

  test('nodes', async () => {
    const { nodes } = database;
    const worker = {
      ...{
        id: WorkerId.parse(randomUUID()),
        instanceId: InstanceId.parse(randomUUID()),
        reportedName: 'attic',
      },
      ...{ kind: 'node', version: '1', device: { kind: 'cpu', description: 'two cores' } },
      ...{ memoryBytes: 2 ** 40, joinedAt: 1 },
    } as unknown as WorkerRecord;
    await nodes.joined(worker);
    await nodes.joined({ ...worker, joinedAt: 5 });
    await nodes.left(worker, 'asleep');
    await nodes.putPolicy(worker.id, { name: 'Attic', mode: 'paused', bannedBecause: null });
    await nodes.putSpeed(worker.id, { device: 'cpu', samples: [] });
    expect(await nodes.find(worker.id)).toMatchObject({
      ...{ name: 'attic', memoryBytes: 2 ** 40, firstJoinedAt: 1, lastJoinedAt: 5, lastLeftReason: 'asleep' },
      ...{ givenName: 'Attic', speed: { device: 'cpu', samples: [] } },
    });
    expect(await nodes.list(5)).toHaveLength(1);
    expect(await nodes.names()).toEqual([[worker.id, 'attic']]);
    expect(await nodes.instances()).toEqual([[worker.id, worker.instanceId]]);
    expect(await nodes.speeds()).toHaveLength(1);
    expect(await nodes.policies()).toEqual([
      [worker.id, { name: 'Attic', mode: 'paused', bannedBecause: null }],
    ]);
  });

  test('conversations and their messages', async () => {
    const { conversations } = database;
    const conversation: ConversationRow = {
      ...{
        id: 'c',
        owner: 'ada',
        title: 'Soups',
        model: null,
        systemPrompt: '',
        sampling: { temperature: 0.5 },
      },
      ...{ currentMessageId: null, createdAt: 1, updatedAt: 1 },
    };
    const message = (id: string, parentId: string | null): MessageRow => ({
      ...{ id, conversationId: 'c', parentId, role: 'user', content: 'a\0b \ud800', status: 'streaming' },
      ...{ error: null, model: null, requestId: null, tokens: null, createdAt: 1 },
    });
    expect(await conversations.add(conversation)).toBe(true);
    expect(await conversations.add({ ...conversation, owner: 'eve' })).toBe(false);
    for (const [id, parent] of [
      ['1', null],
      ['2', '1'],
      ['3', '2'],
      ['4', null],
    ] as const)
      expect(await conversations.addMessage(message(id, parent))).toBe(true);
    expect(await conversations.addMessage(message('4', null))).toBe(false);
    await conversations.change('ada', 'c', { title: 'Stews' });
    await conversations.changeMessage('c', '4', { status: 'done' });
    await conversations.interruptStreaming();
    const found = await conversations.messages('c', 9);
    expect(found.map(({ status }) => status)).toEqual(['interrupted', 'interrupted', 'interrupted', 'done']);
    expect(found[0]?.content).toBe('a\u2400b \ufffd');
    expect(await conversations.removeMessage('c', '2')).toBe(2);
    expect(await conversations.hasMessage('3')).toBe(false);
    expect(await conversations.list('ada', { limit: 5 })).toMatchObject([
      { title: 'Stews', messageCount: 2 },
    ]);
    expect(await conversations.find('eve', 'c')).toBeUndefined();
    expect(await conversations.remove('ada', 'c')).toBe(true);
    expect(await conversations.message('c', '1')).toBeUndefined();
    await conversations.removeAll('ada');
  });

  test('deployments, imports, settings and history', async () => {
    const { deployments, imports, values, history } = database;
    const plan = { mode: 'automatic', replicas: 2 } as const;
    for (const createdAt of [1, 2]) await deployments.put({ model: 'm', plan, createdAt });
    expect(await deployments.list()).toEqual([{ model: 'm', plan, createdAt: 2 }]);
    await deployments.remove('m');
    expect(await deployments.list()).toEqual([]);
    await imports.put('i', 1, { from: 'there' });
    expect(await imports.list()).toEqual([{ from: 'there' }]);
    await imports.remove('i');
    await values.put('v', { half: 0.5, none: null });
    expect(await values.get('v')).toEqual({ half: 0.5, none: null });
    expect(await values.get('w')).toBeUndefined();
    for (const at of [1, 2, 3])
      await history.add({
        at,
        kind: 'node-joined',
        node: `n${at}`,
        model: null,
        actor: null,
        detail: { at: `${at}` },
      });
    await history.trim(2);
    const events = await history.list({ kinds: ['node-joined'], before: 3 }, 5);
    expect(events).toMatchObject([{ at: 2, node: 'n2', detail: { at: '2' } }]);
  });
});
