import { expect, test } from 'vitest';
import { runProcessChaos } from './support/chaos/processChaos.ts';

test('answers under way end with their own words while the hub, workers and tabs are lost', async () => {
  const lines: string[] = [];
  // One of the two stages is a tab's, as long as there is but one worker.
  const init = { seed: 1, stages: 2, spares: 1, tabs: 2, concurrent: 3, losses: 6, everyMs: 4000 } as const;
  const { wrong, replays, answers } = await runProcessChaos({ ...init, tokens: [60, 120] }, (line) =>
    lines.push(line),
  );
  expect(wrong, lines.join('\n')).toEqual([]);
  expect(answers).toBeGreaterThan(2);
  expect(replays).toBeGreaterThan(0);
});
