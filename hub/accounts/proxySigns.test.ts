import { expect, test, vi } from 'vitest';
import { ProxySigns } from './proxySigns.ts';

const hour = 3_600_000;
const make = (): { signs: ProxySigns; warn: ReturnType<typeof vi.fn> } => {
  const warn = vi.fn();
  return { signs: new ProxySigns({ logger: { warn } }), warn };
};

test('many browsers on one connection look like a proxy, one person’s do not', () => {
  const { signs, warn } = make();
  const [connection, other] = [{}, {}];
  for (let minute = 0; minute < 60; minute++)
    signs.noteBrowser(minute % 2 === 0 ? 'one' : 'two', { connection }, minute);
  signs.noteBrowser('three', { connection }, 2 * hour);
  expect(signs.last).toBeUndefined();
  signs.noteBrowser('four', { connection: other }, 2 * hour + 1);
  signs.noteBrowser('five', { connection }, 2 * hour + 2);
  expect(signs.last?.sign).toBe('3 different browsers within an hour, some on one connection');
  signs.noteBrowser('six', { connection }, 2 * hour + 3);
  expect(warn).toHaveBeenCalledOnce();
});

test('profiles of one browser are one person’s: the same system, a connection each', () => {
  const { signs } = make();
  const userAgent = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140';
  for (const profile of ['one', 'two', 'three', 'four'])
    for (let time = 0; time < 3; time++) signs.noteBrowser(profile, { connection: {}, userAgent }, time);
  expect(signs.last).toBeUndefined();
  signs.noteBrowser('five', { connection: {}, userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X)' }, 4);
  expect(signs.last?.sign).toBe('3 browsers of different systems within an hour');
});
