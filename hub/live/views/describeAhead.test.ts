import { expect, test } from 'vitest';
import { describeAhead, type StageAhead } from './describeAhead.ts';

const ahead = (id: string, state: StageAhead['stage']['state']): StageAhead => ({
  model: { package: { id } },
  stage: { firstLayer: 0, lastLayer: 3, state },
});

test('what a device loads since a model moves there is told from what it holds for others', () => {
  expect(describeAhead([], [])).toBe('');
  expect(describeAhead([ahead('soup', 'ready')], [ahead('bread', 'downloading')])).toBe(
    'loads layers 0 to 3 of bread, which is moving here; holds layers 0 to 3 of soup, in case another device is lost',
  );
  expect(describeAhead([ahead('soup', 'compiling')], [])).toBe(
    'loads layers 0 to 3 of soup, in case another device is lost',
  );
});
