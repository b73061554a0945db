import { expect, test } from 'vitest';
import { describeResult } from './support/chaos/chaosResult.ts';
import { faults } from './support/chaos/faults.ts';
import { runMemoryChaos } from './support/chaos/memoryChaos.ts';
import { readChaosFlags } from './support/chaos/chaosFlags.ts';
import { ExpectedAnswers, kindsOf } from './support/chaos/expectedAnswers.ts';

test('answers under way end with their own tokens while the hub and workers are lost in every way', async () => {
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

test('a long run says which of its flags is wrong', () => {
  const grids = ['memory', 'processes'];
  expect(readChaosFlags([])).toMatchObject({ minutes: 10, seed: 1, losses: 1_000_000, tabs: 2, grids });
  expect(readChaosFlags(['--kind', 'hub', '--kind', 'in prefill', '--minutes', '0.5'])).toMatchObject({
    ...{ minutes: 0.5, grids, memoryKinds: ['in prefill', 'hub'], processKinds: ['hub', 'in prefill'] },
  });
  expect(readChaosFlags(['--kind', 'page crashed'])).toMatchObject({ grids: ['processes'] });
  const withoutTabs = readChaosFlags(['--tabs', '0']);
  expect(withoutTabs).toMatchObject({ tabs: 0, grids });
  expect(withoutTabs).not.toMatchObject({
    processKinds: expect.arrayContaining(['page crashed']) as unknown,
  });
  expect(readChaosFlags(['--tabs', '4'])).toMatchObject({ tabs: 4, stages: 3 });
  expect(readChaosFlags(['--tabs', '5'])).toContain("from 0 to 4, which is --stages and one, not '5'");
  expect(readChaosFlags(['--tabs', 'x'])).toContain("not 'x'");
  expect(readChaosFlags(['--tabs', '0', '--kind', 'page crashed'])).toContain('nothing of that --kind');
  expect(readChaosFlags(['--minute', '3'])).toContain("'--minute'");
  expect(readChaosFlags(['more'])).toContain("'more'");
  expect(readChaosFlags(['--seed', '1.5'])).toBe("--seed takes a whole number above 0, not '1.5'.");
  expect(readChaosFlags(['--kind', 'flood'])).toBe("there is no --kind 'flood'.");
  expect(readChaosFlags(['--grid', 'constructor'])).toBe("there is no --grid 'constructor'.");
  expect(readChaosFlags(['--grid', 'memory', '--kind', 'page crashed'])).toContain('--grid memory');
});

test('an answer is compared with those over devices of the same kinds, where it did not cross kinds', () => {
  const kinds = kindsOf('a[0-2],b[3-3],c[4-5]', (name) => (name === 'b' ? 'tab' : 'node'));
  expect(kinds).toBe('nnntnn');
  const expected = new ExpectedAnswers();
  const same = { question: 1, kinds, crossed: false };
  expect(expected.compare({ ...same, text: 'one' }, true)).toBe('unknown');
  expect(expected.compare({ ...same, text: 'one' }, false)).toBe('same');
  expect(expected.compare({ ...same, text: 'one' }, true)).toBe('same');
  expect(expected.compare({ ...same, text: 'two' }, true)).toBe('other');
  expect(expected.compare({ ...same, text: 'two' }, false)).toBe('other');
  expect(expected.compare({ ...same, text: 'two', crossed: true }, true)).toBe('unknown');
  expect(expected.compare({ ...same, text: 'two', question: 2 }, false)).toBe('same');
});
