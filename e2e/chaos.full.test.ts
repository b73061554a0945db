import { expect, test } from 'vitest';
import { describeResult } from './support/chaos/chaosResult.ts';
import { runProcessChaos } from './support/chaos/processChaos.ts';
import { processFaults } from './support/chaos/processFaults.ts';

test('answers under way end with their own words while the hub, workers and tabs are lost', async () => {
  const lines: string[] = [];
  // One of the two stages is a tab's, as long as there is but one worker.
  const init = { seed: 1, stages: 2, spares: 1, tabs: 2, concurrent: 3, everyMs: 4000 } as const;
  const losses = Object.keys(processFaults).length;
  const result = await runProcessChaos({ ...init, losses, tokens: [60, 120] }, (line) => lines.push(line));
  expect(result.wrong, lines.join('\n')).toEqual([]);
  expect(result.givenUp, describeResult(result).join('\n')).toEqual([]);
  expect(result.answers).toBeGreaterThan(2);
  expect(result.replays).toBeGreaterThan(0);
});
