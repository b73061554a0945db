import { AutoModel, AutoTokenizer, mean_pooling, type Tensor } from '@huggingface/transformers';
import { encoderWidth, meanPoolingFiles } from '@potluck/onnx/testing';
import { Ollama } from 'ollama';
import OpenAI, { BadRequestError, NotFoundError } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEncoderGrid, type EncoderGrid, type EncoderWorker } from '../../testing/encoderGrid.ts';
import { testApiKey } from '../../testing/testHub.ts';

let grid: EncoderGrid;
let client: OpenAI;
let vectors: string;
let directory: string;
let ranker: string;
let first: EncoderWorker;
let second: EncoderWorker;
/** What the second worker does before its next texts. */
let trouble: ((worker: EncoderWorker) => void) | undefined;

const texts = ['the soup is hot', 'bring a red bowl', 'the cat sits on the mat, and the dog sleeps', 'salt'];

beforeAll(async () => {
  grid = await startEncoderGrid();
  ({ id: vectors, directory } = await grid.add('soup-embed', {
    seed: 1,
    files: {
      ...meanPoolingFiles,
      'config_sentence_transformers.json': { prompts: { query: 'query: ', document: 'passage: ' } },
    },
    config: { matryoshka_dimensions: [8, encoderWidth] },
  }));
  ({ id: ranker } = await grid.add('soup-rank', { seed: 2, gives: 'scores' }));
  first = grid.worker('first');
  second = grid.worker('second', { beforeText: (worker) => trouble?.(worker) });
  client = new OpenAI({ baseURL: `${grid.hub.url}/v1`, apiKey: testApiKey, maxRetries: 0 });
  await grid.serve(vectors, 2);
});
afterAll(() => grid.close());

async function embed(input: OpenAI.EmbeddingCreateParams['input'], more: object = {}): Promise<number[][]> {
  const { data } = await client.embeddings.create({ model: vectors, input, ...more });
  expect(data.map(({ index }) => index)).toEqual(data.map((_, index) => index));
  return data.map(({ embedding }) => embedding);
}

function cosine(one: readonly number[], other: readonly number[]): number {
  const dot = (left: readonly number[], right: readonly number[]): number =>
    left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
}

/** What transformers.js gives for a padded batch, pooled by its own mean. */
async function reference(input: string[]): Promise<number[][]> {
  const tokenizer = await AutoTokenizer.from_pretrained(directory, { local_files_only: true });
  const model = await AutoModel.from_pretrained(directory, {
    local_files_only: true,
    dtype: 'fp32',
    device: 'cpu',
  });
  const inputs = tokenizer(input, { padding: true }) as { attention_mask: Tensor };
  const { last_hidden_state: hidden } = (await model(inputs)) as { last_hidden_state: Tensor };
  const pooled = mean_pooling(hidden, inputs.attention_mask).normalize(2, -1).tolist() as number[][];
  await model.dispose();
  return pooled;
}

test('vectors are those of transformers.js, of length 1, in the order of their texts', async () => {
  const expected = await reference(texts);
  const found = await embed(texts);
  for (const [index, vector] of found.entries()) {
    expect(cosine(vector, expected[index] ?? [])).toBeGreaterThan(0.9999);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 5);
  }
  expect(cosine(found[0] ?? [], expected[1] ?? [])).toBeLessThan(0.999);
});

test('base64 holds the same floats, and one text, lists and token ids have the same vectors', async () => {
  const ask = async (body: object): Promise<{ data: { embedding: unknown }[]; usage: object }> => {
    const response = await fetch(`${grid.hub.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: vectors, ...body }),
    });
    expect(response.status).toBe(200);
    return (await response.json()) as { data: { embedding: unknown }[]; usage: object };
  };
  const [text = ''] = texts;
  const plain = await ask({ input: text, user: 'somebody' });
  expect(plain.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
  const packed = await ask({ input: text, encoding_format: 'base64' });
  const bytes = Buffer.from(packed.data[0]?.embedding as string, 'base64');
  const floats = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
  expect(floats).toEqual(plain.data[0]?.embedding);
  const tokenizer = await AutoTokenizer.from_pretrained(directory, { local_files_only: true });
  const tokens = tokenizer.encode(text);
  expect(await embed(tokens)).toEqual(await embed(text));
  expect(await embed([tokens, tokens.toReversed()])).toEqual([
    ...(await embed([tokens])),
    ...(await embed([tokens.toReversed()])),
  ]);
});

test('shorter vectors are cut and brought to length 1 where the model was trained for them', async () => {
  const [whole = []] = await embed('salt');
  const [short = []] = await embed('salt', { dimensions: 8 });
  expect(short).toHaveLength(8);
  expect(cosine(short, whole.slice(0, 8))).toBeCloseTo(1, 5);
  expect(Math.hypot(...short)).toBeCloseTo(1, 5);
  await expect(embed('salt', { dimensions: 5 })).rejects.toThrow(/may have 8 or 16 numbers/);
});

test('a prompt stands before the text', async () => {
  const asQuery = await embed('soup', { input_type: 'search_query' });
  expect(asQuery).toEqual(await embed('query: soup'));
  expect(asQuery).toEqual(await embed('soup', { prompt_name: 'query' }));
  expect(await embed('soup', { input_type: 'document' })).toEqual(await embed('passage: soup'));
  await expect(embed('soup', { prompt_name: 'recipe' })).rejects.toThrow(/has 'query', 'document'/);
});

test('texts of a worker that is lost in the middle are asked again elsewhere, and all keep their places', async () => {
  const many = Array.from({ length: 60 }, (_, index) => `${texts[index % 4]} ${index}`);
  const [before, other] = [first.texts, second.texts];
  let count = 0;
  trouble = (worker) => {
    count++;
    if (count === 5) worker.cut();
  };
  const found = await embed(many);
  trouble = undefined;
  expect(count).toBeGreaterThanOrEqual(5);
  expect(first.texts).toBeGreaterThan(before);
  expect(second.texts).toBeGreaterThan(other);
  const alone: number[][] = [];
  for (const text of many.slice(0, 12)) alone.push(...(await embed(text)));
  expect(found.slice(0, 12)).toEqual(alone);
  expect(found).toHaveLength(60);
});

test('requests out of bounds, and models of another kind, are refused in words', async () => {
  const refusals: [object, RegExp][] = [
    [{ input: [] }, /'input'/],
    [{ input: '' }, /must not be empty/],
    [{ input: ['soup', ''] }, /input\[1\]/],
    [{ input: Array.from({ length: 2049 }, () => 'soup') }, /at most 2048 texts/],
    [{ input: [1_000_000] }, /1000000/],
    [{ input: new Array(65).fill('soup').join(' ') }, /maximum context length is 64 tokens/],
    [{ input: 'soup', encoding_format: 'hex' }, /encoding_format/],
    [{ input: 'soup', model: ranker }, /is no embedding model/],
  ];
  await grid.serve(ranker, 1);
  for (const [body, message] of refusals) {
    const asked = client.embeddings.create({ model: vectors, ...body } as OpenAI.EmbeddingCreateParams);
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BadRequestError);
    expect((error as Error).message).toMatch(message);
  }
  const cut = new Array(65).fill('soup').join(' ');
  expect(await embed(cut, { truncate_prompt_tokens: -1 })).toEqual(
    await embed(new Array(62).fill('soup').join(' ')),
  );
  await expect(client.embeddings.create({ model: 'nobody', input: 'soup' })).rejects.toThrow(NotFoundError);
  await expect(
    client.chat.completions.create({ model: vectors, messages: [{ role: 'user', content: 'Hello' }] }),
  ).rejects.toThrow(/turns texts into vectors and writes nothing/);
  const listed = (await client.models.list()).data as unknown as { id: string; type: string }[];
  expect(listed.map(({ id, type }) => [id, type])).toEqual([
    [vectors, 'embedding'],
    [ranker, 'rerank'],
  ]);
});

test("Ollama's client gets the same vectors", async () => {
  const ollama = new Ollama({ host: grid.hub.url });
  const { embeddings, prompt_eval_count: tokens } = await ollama.embed({
    model: `${vectors}:latest`,
    input: texts,
  });
  expect(embeddings).toEqual(await embed(texts));
  expect(tokens).toBe(6 + 6 + 13 + 3);
  const { embedding } = await ollama.embeddings({ model: vectors, prompt: 'salt' });
  expect([embedding]).toEqual(await embed('salt'));
  const { embeddings: none } = await ollama.embed({ model: vectors, input: '' });
  expect(none).toEqual([]);
});

test('documents are rated, best first, and long ones are cut', async () => {
  await grid.serve(ranker, 1);
  const post = (path: string, body: object): Promise<Response> =>
    fetch(grid.hub.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  interface Ranked {
    model: string;
    results: { index: number; relevance_score: number; document?: { text: string } }[];
    usage: { total_tokens: number };
  }
  const documents = ['hot soup', { text: 'a red plate' }, new Array(80).fill('salt').join(' ')];
  const body = { model: ranker, query: 'soup', documents, return_documents: true };
  const ranked = (await (await post('/v1/rerank', body)).json()) as Ranked;
  expect(ranked.model).toBe(ranker);
  const scores = ranked.results.map(({ relevance_score: score }) => score);
  expect(scores).toEqual(scores.toSorted((one, other) => other - one));
  expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
  expect(new Set(ranked.results.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
  expect(ranked.results.find(({ index }) => index === 1)?.document).toEqual({ text: 'a red plate' });
  expect(ranked.usage.total_tokens).toBe(6 + 7 + 64);
  const top = (await (await post('/v2/rerank', { ...body, top_n: 1 })).json()) as Ranked;
  expect(top.results).toEqual(ranked.results.slice(0, 1));
  // The tokens of the document are of the second kind: swapped texts have another score.
  const swapped = (await (
    await post('/rerank', { query: 'hot soup', documents: ['soup'] })
  ).json()) as Ranked;
  expect(swapped.results[0]?.relevance_score).not.toBe(
    ranked.results.find(({ index }) => index === 0)?.relevance_score,
  );
  grid.hub.deployments.undeploy(ranker);
  const none = await post('/v1/rerank', { query: 'soup', documents: ['salt'] });
  expect(none.status).toBe(404);
  expect(await none.text()).toContain('No reranker is deployed here');
});
