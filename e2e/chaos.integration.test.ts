import { expect, test } from 'vitest';
import { describeResult } from './support/chaos/chaosResult.ts';
import { faults } from './support/chaos/faults.ts';
import { runMemoryChaos } from './support/chaos/memoryChaos.ts';

test('answers under way end with their own tokens while workers are lost in every way', async () => {
  const lines: string[] = [];
  const kinds = Object.keys(faults);
  const init = { seed: 1, stages: 2, spares: 3, concurrent: 6, losses: kinds.length + 5, kinds };
  const result = await runMemoryChaos(
    { ...init, tokens: [10, 60], promptTokens: 600, stepMs: 5, everyMs: 300 },
    (line) => lines.push(line),
  );
  expect(result.wrong, lines.join('\n')).toEqual([]);
  expect(result.givenUp, describeResult(result).join('\n')).toEqual([]);
  expect(result.answers).toBeGreaterThan(5);
  expect(result.replays).toBeGreaterThan(0);
});
