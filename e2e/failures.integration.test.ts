import { beforeAll, describe, expect, test } from 'vitest';
import { startHub, type HubProcess } from './support/hubProcess.ts';
import { localWorkers } from './support/processes.ts';

const model = 'minimind2-small';
const messages = [{ role: 'user' as const, content: 'Tell me a long story about a river.' }];
/** The token that ends an answer does not come: what must happen in the middle of one has time for it. */
const goOn = { 2: -100 };

test('a worker that is killed mid-answer ends its request clearly, and the next one is answered by what is left', async () => {
  await using hub = await startHub({ flags: ['--stages', '2', '--local-workers', '3'] });
  const { data: stream, response } = await hub.client.chat.completions
    .create({ model, messages, stream: true, max_tokens: 4000, logit_bias: goOn })
    .withResponse();
  const victim = /^[^[]+/.exec(response.headers.get('x-potluck-route') ?? '')?.[0] ?? 'none';
  let text = '';
  let killed = false;
  await expect(async () => {
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (killed || text.length < 20) continue;
      killed = true;
      process.kill(processOf(hub, victim), 'SIGKILL');
    }
  }).rejects.toThrow(/worker/i);
  expect(killed).toBe(true);
  const next = await answerWhenReady(hub);
  expect(next).toContain('Paris');
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
    await expect(ask({ model, messages, n: 2 })).rejects.toMatchObject({ status: 400, param: 'n' });
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

/** Asks until a pipeline stands again: refusals while it is rebuilt must be 503. */
async function answerWhenReady(hub: HubProcess): Promise<string | null | undefined> {
  for (;;) {
    const response = await fetch(`${hub.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
        temperature: 0,
      }),
    });
    if (response.ok) {
      const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
      return choices[0]?.message.content;
    }
    expect(response.status).toBe(503);
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
