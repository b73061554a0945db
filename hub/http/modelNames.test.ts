/** Names of models: aliases, what a model is told by default, and models that are deployed when somebody names them. */
import type { Model, Settings } from '@potluck/api';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { askChat } from '../testing/askChat.ts';
import { startAnsweringHub, type AnsweringHub } from '../testing/answeringHub.ts';
import { api } from '../testing/apiClient.ts';

let hub: AnsweringHub;
let client: OpenAI;

beforeAll(async () => {
  hub = await startAnsweringHub({ more: [{ id: 'second' }] });
  client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => hub.close());
beforeEach(() => {
  hub.answers.splice(0, Infinity, 'Bread.');
});

async function set(change: Partial<Settings>): Promise<number> {
  const { body } = await api<Settings>(hub, 'GET', '/settings');
  return (await api(hub, 'PATCH', '/settings', { revision: body.revision, ...change })).status;
}
const ask = (model: string, body: object = {}): Promise<OpenAI.ChatCompletion> =>
  client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }], ...body });
const modelNamed = async (name: string): Promise<Model | undefined> =>
  (await api<{ models: Model[] }>(hub, 'GET', '/models')).body.models.find(({ id }) => id === name);

test('an alias is a name that every list and every request takes, and never one that a model has', async () => {
  expect(await set({ aliases: { second: 'test-model' } })).toBe(409);
  const { revision } = (await api<Settings>(hub, 'GET', '/settings')).body;
  const wrong = await api(hub, 'PATCH', '/settings', { revision, aliases: { '<b>': 'test-model' } });
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringMatching(/^'aliases\.<b>': letters, digits, dots/) as string } },
  });
  expect(await set({ aliases: { 'gpt-4o': 'test-model', lost: 'gone' } })).toBe(200);
  // Nobody takes it from that model without being told; one of a model that is gone is free.
  const held = await api<Settings>(hub, 'GET', '/settings');
  const aliases = { 'gpt-4o': 'second', lost: 'gone' };
  const refused = await api(hub, 'PATCH', '/settings', { revision: held.body.revision, aliases });
  expect(refused).toMatchObject({
    status: 409,
    body: { error: { message: expect.stringMatching(/^gpt-4o is already used by test-model\./) as string } },
  });
  expect(await set({ aliases: { 'gpt-4o': 'test-model', lost: 'elsewhere' } })).toBe(200);
  expect((await ask('gpt-4o')).model).toBe('test-model');
  const { data } = await client.models.list();
  expect(data.map(({ id }) => id)).toEqual(['test-model', 'gpt-4o']);
  expect(await client.models.retrieve('gpt-4o')).toMatchObject({ id: 'gpt-4o', root: 'test-model' });
  expect((await modelNamed('test-model'))?.aliases).toEqual(['gpt-4o']);
  const tags = (await api<{ models: { name: string }[] }>(hub, 'GET', '/tags')).body.models;
  expect(tags.map(({ name }) => name)).toEqual(['test-model', 'gpt-4o']);
  await expect(ask('lost')).rejects.toThrow(/'lost' does not exist here/);
  await expect(ask('constructor')).rejects.toThrow(/does not exist here/);
  const tokens = await fetch(`${hub.url}/tokenize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', content: 'Hi' }),
  });
  expect(tokens.status).toBe(200);
});

test('programs that say nothing get what the operator chose for the model, once the operator says so', async () => {
  const modelDefaults = {
    'test-model': { systemPrompt: 'You are a cook.', sampling: { temperature: 0.25, max_tokens: 7 } },
  };
  await set({ modelDefaults });
  expect((await modelNamed('test-model'))?.defaults).toEqual(modelDefaults['test-model']);
  const withSystem = (content: string): object => ({
    messages: [
      { role: 'system', content },
      { role: 'user', content: 'Hi' },
    ],
  });
  const spoken = await ask('test-model', withSystem('You are a cook.'));
  expect((await ask('test-model')).usage?.prompt_tokens).not.toBe(spoken.usage?.prompt_tokens);

  await set({ defaultsForPrograms: true });
  const told = await ask('test-model');
  expect(told.usage?.prompt_tokens).toBe(spoken.usage?.prompt_tokens);
  expect((await hub.openedFor(told.id)).sampling).toMatchObject({ temperature: 0.25 });
  const own = await ask('test-model', { temperature: 0.5, ...withSystem('.') });
  expect((await hub.openedFor(own.id)).sampling).toMatchObject({ temperature: 0.5 });
  expect(own.usage?.prompt_tokens).toBeLessThan(told.usage?.prompt_tokens ?? 0);
});

test('a model that is not deployed is deployed when a request names it, and undeployed once nobody asks it', async () => {
  await expect(ask('second')).rejects.toThrow(
    /'second' is not deployed\. .* choose one that is: 'test-model'\./,
  );
  await set({ loadOnDemand: true, unloadAfterMinutes: 5 });
  expect((await client.models.list()).data.map(({ id }) => id)).toContain('second');
  // An alias that was there before a model of that name stands behind it.
  const { revision } = hub.settings.current;
  await hub.settings.change({ revision, aliases: { 'test-model': 'second' } });
  expect((await ask('test-model')).model).toBe('test-model');
  expect(hub.deployments.list).toHaveLength(1);
  await set({ aliases: {} });
  const [one, other] = await Promise.all([ask('second'), ask('second')]);
  expect([one.model, other.model]).toEqual(['second', 'second']);
  expect(await modelNamed('second')).toMatchObject({ deployed: true, loadsOnDemand: true });

  await hub.onDemand.restIdle(performance.now() + 4 * 60_000);
  expect(hub.deployments.list).toHaveLength(2);
  await hub.onDemand.restIdle(performance.now() + 5 * 60_000);
  expect(hub.deployments.list).toEqual([]);
  expect(await hub.database.deployments.list()).toEqual([]);
  expect((await fetch(`${hub.url}/health/ready`)).status).toBe(200);
  // Who names none gets the last one that went to rest.
  expect((await modelNamed('second'))?.isDefault).toBe(true);
  const asked = await askChat(hub, { model: undefined });
  expect(((await asked.json()) as { model: string }).model).toBe('second');

  await set({ loadOnDemand: false });
  await hub.onDemand.restIdle(performance.now() + 60 * 60_000);
  expect(hub.deployments.list).toHaveLength(1);
});
