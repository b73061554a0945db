import { beforeAll, describe, expect, test } from 'vitest';
import { newcomer } from './support/askers.ts';
import { startHub, type HubProcess } from './support/hubProcess.ts';
import { localWorkers } from './support/processes.ts';
import { requestOf, workersOf } from './support/requests.ts';

const model = 'minimind2-small';
const messages = [{ role: 'user' as const, content: 'Tell me a long story about a river.' }];
/** The token that ends an answer does not come: what must happen in the middle of one has time for it. */
const goOn = { 2: -100 };

test('an answer goes on with the same words when the worker of its first stage is killed, then that of its last', async () => {
  await using hub = await startHub({ flags: ['--stages', '2', '--local-workers', '4'] });
  const ask = { model, messages, max_tokens: 120, seed: 7, temperature: 0.8, logit_bias: goOn };
  const undisturbed = await hub.client.chat.completions.create(ask);
  const { data: stream, response } = await hub.client.chat.completions
    .create({ ...ask, stream: true })
    .withResponse();
  const victims = workersOf(response.headers.get('x-potluck-route') ?? '');
  expect(victims).toHaveLength(2);
  let text = '';
  let lost = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    const victim = victims[lost];
    if (victim === undefined || text.length < 40 * (lost + 1)) continue;
    lost++;
    process.kill(processOf(hub, victim), 'SIGKILL');
  }
  expect(lost).toBe(2);
  expect(text).toBe(undisturbed.choices[0]?.message.content);
  const record = await requestOf(hub, response.headers.get('x-request-id') ?? '');
  // Words that are read late, on a busy machine, let both be lost before the answer goes on.
  expect(record).toMatchObject({ status: 'done', recovery: { lost: victims } });
  expect(record.replays).toBeGreaterThan(0);
  const { prompt_tokens: promptTokens = 0 } = undisturbed.usage ?? {};
  expect(record.recovery?.recomputedTokens).toBeGreaterThan(promptTokens);
  // Whoever came in last ran the answer's tokens so far several at once, as the prompt's.
  const { tokens = 0, tokenSteps = 0 } = record.stages.at(-1)?.timings ?? {};
  expect(tokens - tokenSteps).toBeGreaterThan(promptTokens);

  // A further turn begins with all that is there, and not with whole chunks of a prompt only.
  const next = [
    ...messages,
    { role: 'assistant' as const, content: text },
    { role: 'user' as const, content: 'And then?' },
  ];
  const asked = { model, messages: next, max_tokens: 8, temperature: 0 };
  const second = await hub.client.chat.completions.create(asked);
  const { prompt_tokens: all = 0, prompt_tokens_details: details } = second.usage ?? {};
  expect(details?.cached_tokens).toBeGreaterThanOrEqual(promptTokens);
  const anew = await (await newcomer(hub)).chat.completions.create(asked);
  expect(anew.usage?.prompt_tokens_details?.cached_tokens).toBe(0);
  expect(anew.usage?.prompt_tokens).toBe(all);
  expect(second.choices[0]?.message.content).toBe(anew.choices[0]?.message.content);
});

describe('a hub as it comes', () => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await startHub();
    return () => hub[Symbol.asyncDispose]();
  });

  test('a client that goes away frees its place at once', async () => {
    const leave = new AbortController();
    const stream = await hub.client.chat.completions.create(
      { model, messages, stream: true, max_tokens: 4000, logit_bias: goOn },
      { signal: leave.signal },
    );
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) leave.abort();
    }
    for (;;) {
      const { requests } = (await (await fetch(`${hub.url}/api/requests`)).json()) as {
        requests: { status: string }[];
      };
      const status = requests[0]?.status;
      if (status === 'cancelled') break;
      expect(status === undefined || status === 'running').toBe(true);
    }
  });

  test('requests that cannot be honoured are refused by name', async () => {
    const ask = hub.client.chat.completions.create.bind(hub.client.chat.completions);
    await expect(ask({ model, messages, store: true })).rejects.toMatchObject({
      status: 400,
      param: 'store',
    });
    await expect(ask({ model, messages, temperature: 9 })).rejects.toMatchObject({
      status: 400,
      param: 'temperature',
    });
    await expect(ask({ model: 'no/such-model', messages })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(
      ask({ model, messages: [{ role: 'user', content: 'word '.repeat(60_000) }] }),
    ).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
    const unknownField = await fetch(`${hub.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages, max_tokens: 3, unheard_of: true }),
    });
    expect(unknownField.status).toBe(200);
  });
});

function processOf(hub: HubProcess, worker: string): number {
  const found = localWorkers(hub).find(({ name }) => name === worker);
  if (!found) throw new Error(`no local worker ${worker}`);
  return found.pid;
}
