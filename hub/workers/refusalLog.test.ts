import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RefusalLog } from './refusalLog.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first refusal of a kind is told at once, those of the next minute together, and then it begins anew', () => {
  const warn = vi.fn();
  const log = new RefusalLog({ logger: { warn } });
  const knock = (reason: string): void => log.note('bad-token', { worker: undefined, reason });
  for (let count = 0; count < 10_000; count++) knock(`wrong ${count}`);
  log.note('bad-message', { worker: 'one', reason: 'odd' });
  expect(warn.mock.calls.map(([fields]: unknown[]) => fields)).toEqual([
    { worker: undefined, code: 'bad-token', reason: 'wrong 0' },
    { worker: 'one', code: 'bad-message', reason: 'odd' },
  ]);
  vi.advanceTimersByTime(60_000);
  expect(warn.mock.calls.slice(2).map(([fields]: unknown[]) => fields)).toEqual([
    { code: 'bad-token', refused: 9999, reason: 'wrong 9999' },
  ]);
  vi.advanceTimersByTime(60_000);
  knock('again');
  expect(warn.mock.calls.slice(3).map(([fields]: unknown[]) => fields)).toEqual([
    { worker: undefined, code: 'bad-token', reason: 'again' },
  ]);
});
