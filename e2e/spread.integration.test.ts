/** Forced stages on one worker, of which a second one takes over some while people ask. */
import { expect, test } from 'vitest';
import { startHub, startWorker } from './support/hubProcess.ts';

const ask = { model: 'minimind2-small', temperature: 0 };
const messages = [{ role: 'user' as const, content: 'What is the capital of France?' }];

test('whoever asks while stages move to a worker that came is answered', async () => {
  await using hub = await startHub({
    flags: ['--https-port', 'off', '--stages', '2', '--context-length', '256'],
  });
  const route = async (): Promise<string> => {
    const { data, response } = await hub.client.chat.completions.create({ ...ask, messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe('The capital of France is Paris.');
    return response.headers.get('x-potluck-route') ?? '';
  };
  expect(await route()).toBe('local-1[0-3],local-1[4-7]');
  await using _second = await startWorker(hub, 'second', ['--memory', '2GB']);
  // One after the other, so that it is idle in between; each must be answered, whatever moves.
  let last = '';
  while (!last.includes('second')) last = await route();
  expect(last.match(/\[\d+-\d+\]/g)).toHaveLength(2);
  await expect.poll(() => hub.log()).toContain('workers load stages that they will take over');
});
