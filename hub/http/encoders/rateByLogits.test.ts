/** Documents rated by a model that writes, with one hub for all. */
import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OpenSession } from '@potluck/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtInModelDirectory } from '../../models/builtInModel.ts';
import { loadTokenizer } from '../../models/tokenizer.ts';
import { askChat } from '../../testing/askChat.ts';
import type { ScriptedWorker } from '../../testing/scriptedWorker.ts';
import { startTestHub, type TestHub } from '../../testing/testHub.ts';

const template =
  "<|im_start|>{{ messages | selectattr('role', 'eq', 'system') | map(attribute='content') | first | default('none') }}" +
  "|{{ messages | selectattr('role', 'eq', 'query') | map(attribute='content') | first }}" +
  "|{{ messages | selectattr('role', 'eq', 'document') | map(attribute='content') | first }}<|im_end|>";
const [yes, no] = [400, 300];
const documents = Array.from({ length: 20 }, (_, index) => 'word '.repeat((7 * index) % 20).trim() || 'none');

let hub: TestHub;
let worker: ScriptedWorker;
let directory: string;
/** Called at each prompt; what it returns is waited for. */
let onAsked: () => Promise<void> | undefined = () => undefined;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-reranker-'));
  await cp(builtInModelDirectory(), directory, {
    recursive: true,
    filter: (file) => path.basename(file) !== 'onnx',
  });
  await writeFile(path.join(directory, 'chat_template.jinja'), template);
  hub = await startTestHub({
    leaseMs: 600_000,
    model: {
      ...{ id: 'rater', tokenizer: await loadTokenizer(directory) },
      reranker: { trueTokenId: yes, falseTokenId: no, activation: 'sigmoid', instruction: 'Judge' },
    },
  });
  // The more tokens a prompt has, the more it says yes.
  worker = hub.worker('one', {
    onPrompt: (_, { sessionId, epoch, tokens }) => {
      const topLogprobs = [
        { token: yes, logprob: tokens.length / 64 - 3 },
        { token: no, logprob: -1 },
      ];
      const say = (): void =>
        worker.send({
          ...{ type: 'token', sessionId, epoch, position: tokens.length, finish: 'length' },
          ...{ token: yes, logprob: -1, topLogprobs },
        });
      void Promise.resolve(onAsked()).then(say);
    },
  });
  await hub.served();
});
afterAll(async () => {
  await hub.close();
  await rm(directory, { recursive: true });
});

const rerank = async (body: object, headers: Record<string, string> = {}) => {
  const response = await fetch(`${hub.url}/v1/rerank`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
};

test('the two logits behind the prompt of each document are its score, best first', async () => {
  const { model } = hub.deployment;
  const { body } = await rerank({ query: 'Which?', documents, top_n: 5, return_documents: true });
  const prompts = await Promise.all(
    documents.map((content) =>
      model.tokenizer.encodeChat([
        { role: 'system', content: 'Judge' },
        { role: 'query', content: 'Which?' },
        { role: 'document', content },
      ]),
    ),
  );
  expect(model.tokenizer.decode(prompts[1] ?? [])).toContain('Judge|Which?|word');
  const expected = prompts
    .map(({ length }, index) => ({
      index,
      relevance_score: expect.closeTo(1 / (1 + Math.exp(-(length / 64 - 2))), 9) as number,
      document: { text: documents[index] },
      length,
    }))
    .toSorted((one, other) => other.length - one.length)
    .slice(0, 5)
    .map(({ length: _, ...one }) => one);
  expect(body).toMatchObject({ object: 'list', model: 'rater', results: expected });
  const tokens = prompts.reduce((sum, { length }) => sum + length, 0);
  expect(body['usage']).toEqual({ prompt_tokens: tokens, total_tokens: tokens });
});

test('both tokens are lifted alike, and nothing else touches their logits', async () => {
  await rerank({ model: 'rater', query: 'Which?', documents: ['That one'] });
  const opened = worker.received.findLast((one): one is OpenSession => one.type === 'open-session');
  const { sampling, lengthLimit, promptLength } = opened ?? ({} as Partial<OpenSession>);
  expect(sampling).toMatchObject({ temperature: 0, topLogprobs: 2, repetitionPenalty: 1 });
  expect(sampling?.logitBias).toEqual([
    [yes, 100],
    [no, 100],
  ]);
  expect(lengthLimit).toBe((promptLength ?? 0) + 1);
});

test('the first document of a request has its id, and each further one an id of its own', async () => {
  const id = randomUUID();
  const from = worker.received.length;
  const { status, body } = await rerank({ query: 'Which?', documents }, { 'x-potluck-request': id });
  expect([status, body['id']]).toEqual([200, id]);
  const opened = worker.received
    .slice(from)
    .flatMap((one) => (one.type === 'open-session' ? [one.sessionId] : []));
  expect(opened).toContain(id);
  expect(new Set(opened).size).toBe(documents.length);
});

test('the place that a key has at a time is given back when the last document is rated', async () => {
  const { secret } = await hub.access.keys.create({
    ...{ name: 'Ben', scopes: ['ask'], expiresAt: null },
    limits: { concurrentRequests: 1 },
  });
  const authorization = { authorization: `Bearer ${secret}` };
  const last = Promise.withResolvers<void>();
  let asked = 0;
  onAsked = () => (++asked === documents.length ? last.promise : undefined);
  const first = rerank({ query: 'Which?', documents }, authorization);
  await expect.poll(() => asked).toBe(documents.length);
  const second = await rerank({ query: 'Which?', documents: ['x'] }, authorization);
  last.resolve();
  expect([second.status, (await first).status]).toEqual([429, 200]);
  expect((await rerank({ query: 'Which?', documents: ['x'] }, authorization)).status).toBe(200);
});

test('it writes nothing, and says where to ask it', async () => {
  const response = await askChat(hub, { model: 'rater' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    error: { message: expect.stringContaining('/v1/rerank') as string },
  });
  const models: unknown = await (await fetch(`${hub.url}/v1/models`)).json();
  expect(models).toMatchObject({ data: [{ id: 'rater', type: 'rerank' }] });
});

test.each<[object, string]>([
  [{ truncate_prompt_tokens: 100, documents: ['x'] }, 'truncate_prompt_tokens'],
  [{ documents: ['x', 'word '.repeat(6000)] }, 'documents'],
  [{ documents: [] }, 'documents'],
])('%# is refused with the name of the parameter', async (more, param) => {
  const { status, body } = await rerank({ model: 'rater', query: 'Which?', ...more });
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: { param } });
});
