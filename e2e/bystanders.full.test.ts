/** Processes that stand still or are started twice, beside somebody whose answer goes on. */
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import { freePort, startHub, startWorker } from './support/hubProcess.ts';
import { nodesOf } from './support/nodes.ts';
import { runPotluck } from './support/runPotluck.ts';

const ask = {
  model: 'minimind2-small',
  messages: [{ role: 'user' as const, content: 'Tell me a long story about a river.' }],
  ...{ max_tokens: 800, seed: 7, temperature: 0.8 },
  /** The token that ends an answer does not come. */
  logit_bias: { 2: -100 },
};

test('a hub and a worker that are started twice are refused, and the answer of the first ones goes on', async () => {
  await using hub = await startHub({ flags: ['--stages', '1'] });
  const undisturbed = await hub.client.chat.completions.create(ask);
  const stream = await hub.client.chat.completions.create({ ...ask, stream: true });
  const received = (async () => {
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    return text;
  })();
  const second = await runPotluck('hub', '--data', hub.dataDirectory, '--port', String(await freePort()));
  expect(second.code).not.toBe(0);
  expect(second.problem).toMatch(/process id \d+/);
  const local = path.join(hub.dataDirectory, 'workers/local-1');
  const worker = await runPotluck('worker', '--hub', hub.url, '--token', hub.joinToken, '--data', local);
  expect(worker.code).not.toBe(0);
  expect(worker.problem).toMatch(/process id \d+/);
  expect(await received).toBe(undisturbed.choices[0]?.message.content);
});

test('a worker whose loop stands still is ended by its watchdog, and the answer of another goes on', async () => {
  await using hub = await startHub({ flags: ['--stages', '1'] });
  const undisturbed = await hub.client.chat.completions.create(ask);
  // The signal's listener never comes back.
  const block = `process.on('SIGUSR2', () => { for (;;); })`;
  const options = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `${options ?? ''} --import data:text/javascript,${encodeURIComponent(block)}`;
  await using worker = await startWorker(hub, 'spare');
  if (options === undefined) delete process.env['NODE_OPTIONS'];
  else process.env['NODE_OPTIONS'] = options;
  const joined = async (): Promise<boolean> => (await nodesOf(hub)).some(({ name }) => name === 'spare');
  await expect.poll(joined, { timeout: 60_000 }).toBe(true);
  const stream = await hub.client.chat.completions.create({ ...ask, stream: true });
  const ended = once(worker.child, 'exit');
  worker.child.kill('SIGUSR2');
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toBe(undisturbed.choices[0]?.message.content);
  expect(await ended).toEqual([null, 'SIGKILL']);
  expect(worker.log()).toContain('its event loop stood still');
});
