import { expect, test } from 'vitest';
import { whyPaused } from './whyPaused.ts';

const here = { isHubLost: false, isReceiving: true };
const away = { isHubLost: false, isReceiving: false };

test('an answer that comes is not paused', () => {
  expect(whyPaused(undefined, here)).toBeUndefined();
  expect(whyPaused({ paused: null }, here)).toBeUndefined();
  expect(whyPaused({ paused: null }, away)).toBeUndefined();
});

test('what was lost is named: devices, the hub, or a run of the hub', () => {
  expect(whyPaused({ paused: { lost: ['garage'] } }, here)).toEqual({ lost: ['garage'] });
  expect(whyPaused({ paused: null }, { ...away, isHubLost: true })).toBe('hub');
  expect(whyPaused(undefined, away)).toBe('restart');
  expect(whyPaused({ paused: { lost: ['the hub'] } }, away)).toBe('restart');
});
