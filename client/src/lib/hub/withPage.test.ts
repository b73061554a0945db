import { expect, test } from 'vitest';
import { withPage } from './withPage.ts';

test('what moved between two pages is listed once, at its first place', () => {
  const [first = [], second = [], third = []] = [['a', 'b', 'c'], ['b', 'd'], ['a']].map((ids) =>
    ids.map((id) => ({ id })),
  );
  expect(withPage(withPage(first, second), third).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
});
