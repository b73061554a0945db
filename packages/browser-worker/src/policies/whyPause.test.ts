import { expect, test } from 'vitest';
import { whyPause } from './whyPause.ts';

const never = { pauseOnBattery: false, pauseWhenHidden: false, pauseOnMetered: false };
const fine = { onBattery: false, hidden: false, metered: false };

test('a tab rests only for what its person chose', () => {
  const bad = { onBattery: true, hidden: true, metered: true };
  expect(whyPause(never, bad)).toBeUndefined();
  expect(whyPause({ ...never, pauseOnBattery: true }, bad)).toBe('battery');
  expect(whyPause({ ...never, pauseOnMetered: true }, bad)).toBe('metered');
  expect(whyPause({ ...never, pauseWhenHidden: true }, bad)).toBe('hidden');
  const all = { pauseOnBattery: true, pauseWhenHidden: true, pauseOnMetered: true };
  expect(whyPause(all, fine)).toBeUndefined();
  expect(whyPause(all, { ...fine, hidden: true })).toBe('hidden');
});
