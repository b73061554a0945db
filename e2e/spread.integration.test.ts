/** Forced stages on one worker, of which a second one takes over some while people ask. */
import { expect, test } from 'vitest';
import { askForCapital } from './support/answers.ts';
import { startHub, startWorker } from './support/hubProcess.ts';

test('whoever asks while stages move to a worker that came is answered', async () => {
  await using hub = await startHub({
    flags: ['--https-port', 'off', '--stages', '2', '--context-length', '256'],
  });
  const route = async (): Promise<string> => {
    const { text, route: way } = await askForCapital(hub);
    expect(text).toBe('The capital of France is Paris.');
    return way ?? '';
  };
  expect(await route()).toBe('local-1[0-3],local-1[4-7]');
  await using _second = await startWorker(hub, 'second', ['--memory', '2GB']);
  // One after the other, so that it is idle in between; each must be answered, whatever moves.
  let last = '';
  while (!last.includes('second')) last = await route();
  expect(last.match(/\[\d+-\d+\]/g)).toHaveLength(2);
  await expect.poll(() => hub.log()).toContain('workers load stages that they will take over');
});
