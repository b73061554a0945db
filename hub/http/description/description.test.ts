import type { z } from 'zod';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { elsewhere } from '../../testing/apiClient.ts';
import { answering, startTestHub, type TestHub } from '../../testing/testHub.ts';
import * as answers from './answers.ts';
import { operations } from './operations.ts';

let hub: TestHub;

beforeAll(async () => {
  hub = await startTestHub({ leaseMs: 600_000 });
  hub.worker('one', answering(hub, 'Hello there'));
  await hub.served();
});
afterAll(() => hub.close());

const ask = (path: string, method: string, body?: object): Promise<Response> =>
  fetch(`${hub.url}/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

test('every operation that is described is there, and asks for the right to ask', async () => {
  const served = new Set(
    hub.app.routes
      .filter(({ method, path }) => path.startsWith('/v1/') && method !== 'ALL')
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`),
  );
  for (const { method, path } of operations) {
    expect(served).toContain(`${method} /v1${path}`);
    const target = `${hub.url}/v1${path.replace('{id}', 'x')}`;
    expect((await fetch(target, { method: method.toUpperCase(), headers: elsewhere })).status).toBe(401);
  }
});

test('the description holds what is honoured, and its references lead somewhere', async () => {
  const text = await (await ask('/openapi.json', 'GET')).text();
  const { paths, components } = JSON.parse(text) as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: object }> } }>>;
    components: { schemas: object };
  };
  expect(Object.keys(paths)).toEqual([...new Set(operations.map(({ path }) => path))]);
  const { schema } = paths['/responses']?.['post']?.requestBody?.content['application/json'] ?? {};
  expect(schema).toMatchObject({
    properties: { previous_response_id: { type: 'string' }, store: { default: true } },
  });
  for (const [, name = ''] of text.matchAll(/#\/components\/schemas\/(\w+)/g)) {
    expect(components.schemas).toHaveProperty(name);
  }
});

test('answers are as they are described', async () => {
  const model = 'test-model';
  const messages = [{ role: 'user', content: 'Hi' }];
  const kept = await ask('/responses', 'POST', { model, input: 'Hi', background: true });
  const { id } = (await kept.json()) as { id: string };
  const events = await ask(`/responses/${id}?stream=true`, 'GET');
  await events.text();
  const asked: [name: keyof typeof answers, answer: Promise<Response>][] = [
    ['ModelList', ask('/models', 'GET')],
    ['Model', ask(`/models/${model}`, 'GET')],
    ['ChatCompletion', ask('/chat/completions', 'POST', { model, messages, logprobs: true })],
    ['Completion', ask('/completions', 'POST', { model, prompt: 'Hi', logprobs: 1 })],
    ['Response', ask('/responses', 'POST', { model, input: 'Hi' })],
    ['Response', ask(`/responses/${id}`, 'GET')],
    ['Response', ask(`/responses/${id}/cancel`, 'POST')],
    ['ResponseItemList', ask(`/responses/${id}/input_items`, 'GET')],
    ['ResponseInputTokens', ask('/responses/input_tokens', 'POST', { model, input: 'Hi' })],
    ['CompactedResponse', ask('/responses/compact', 'POST', { model, input: 'Hi' })],
    ['AnthropicMessage', ask('/messages', 'POST', { model, messages, max_tokens: 5 })],
    ['Tokenized', ask('/tokenize', 'POST', { model, content: 'Hi' })],
    ['Detokenized', ask('/detokenize', 'POST', { model, tokens: [5] })],
    ['Prompt', ask('/apply-template', 'POST', { model, messages })],
    ['AnthropicTokenCount', ask('/messages/count_tokens', 'POST', { model, messages })],
  ];
  for (const [name, answer] of asked) {
    const body: unknown = await (await answer).json();
    const read = (answers[name] as z.ZodType).safeParse(body);
    expect([name, read.error?.issues ?? []]).toEqual([name, []]);
  }
  const deleted = await ask(`/responses/${id}`, 'DELETE');
  expect(answers.DeletedResponse.safeParse(await deleted.json()).success).toBe(true);
});
