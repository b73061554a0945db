import { expect, test } from 'vitest';
import { stopSignals } from './stopSignals.ts';

test.each([
  ['linux', ['SIGINT', 'SIGTERM']],
  ['darwin', ['SIGINT', 'SIGTERM']],
  ['win32', ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP']],
] as const)('on %s', (platform, signals) => {
  expect(stopSignals(platform)).toEqual(signals);
});
