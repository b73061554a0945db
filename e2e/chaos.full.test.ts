import { expect, test } from 'vitest';
import { runProcessChaos } from './support/chaos/processChaos.ts';

test('answers under way end with their own words while processes are killed and put to sleep', async () => {
  const lines: string[] = [];
  const init = { seed: 1, stages: 2, spares: 2, concurrent: 3, losses: 4, tokens: [60, 120] } as const;
  const { wrong, replays, answers } = await runProcessChaos(init, (line) => lines.push(line));
  expect(wrong, lines.join('\n')).toEqual([]);
  expect(answers).toBeGreaterThan(2);
  expect(replays).toBeGreaterThan(0);
});
