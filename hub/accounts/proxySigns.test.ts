import { expect, test, vi } from 'vitest';
import { ProxySigns } from './proxySigns.ts';

const hour = 3_600_000;

test('many browsers without a login look like a proxy, one person’s do not', () => {
  const warn = vi.fn();
  const signs = new ProxySigns({ logger: { warn } });
  for (let minute = 0; minute < 60; minute++) signs.noteBrowser(minute % 2 === 0 ? 'one' : 'two', minute);
  signs.noteBrowser('three', 2 * hour);
  expect(signs.last).toBeUndefined();
  signs.noteBrowser('four', 2 * hour + 1);
  signs.noteBrowser('five', 2 * hour + 2);
  expect(signs.last?.sign).toBe('3 different browsers within an hour');
  signs.noteBrowser('six', 2 * hour + 3);
  expect(warn).toHaveBeenCalledOnce();
});
