import { expect, test } from 'vitest';
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

function processOf(hub: HubProcess, worker: string): number {
  const found = localWorkers(hub).find(({ name }) => name === worker);
  if (!found) throw new Error(`no local worker ${worker}`);
  return found.pid;
}
