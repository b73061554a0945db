import { expect, test } from 'vitest';
import { waitsFor, whyPaused } from './whyPaused.ts';

const here = { isHubLost: false, isHubStopping: false, isReceiving: true };
const away = { isHubLost: false, isHubStopping: false, isReceiving: false };

test('an answer that comes is not paused', () => {
  expect(whyPaused(undefined, here)).toBeUndefined();
  expect(whyPaused({ paused: null }, here)).toBeUndefined();
  expect(whyPaused({ paused: null }, away)).toBeUndefined();
});

test('what was lost is named: devices, the hub, or a run of the hub', () => {
  expect(whyPaused({ paused: { lost: ['garage'], forMs: 10 } }, here)).toEqual({ lost: ['garage'] });
  expect(whyPaused({ paused: null }, { ...away, isHubLost: true })).toBe('hub');
  expect(whyPaused(undefined, away)).toBe('restart');
  expect(whyPaused(undefined, { ...away, isHubStopping: true })).toBe('stop');
  expect(whyPaused({ paused: null }, { ...here, isHubStopping: true })).toBeUndefined();
  expect(whyPaused({ paused: { lost: ['the hub'], forMs: 10 } }, away)).toBe('restart');
});

test('what is said to be waited for is what is missing: a device, its part of the model, or only the answer', () => {
  const stage = {} as never;
  expect(waitsFor(undefined)).toBe('device');
  expect(waitsFor({ ready: false, replicas: [{ stages: [] }] })).toBe('device');
  expect(waitsFor({ ready: false, replicas: [{ stages: [] }, { stages: [stage] }] })).toBe('loading');
  expect(waitsFor({ ready: true, replicas: [{ stages: [stage] }] })).toBe('answer');
});
