import { expect, test } from 'vitest';
import { exitCodeOf, signalsFor } from '../bin/passSignals.js';

test('a program is told what it does not hear itself', () => {
  expect(signalsFor('linux')).toEqual({ passed: ['SIGINT', 'SIGTERM', 'SIGHUP'], left: [] });
  expect(signalsFor('darwin')).toEqual(signalsFor('linux'));
  // There, to pass a signal on is to end the program at once.
  expect(signalsFor('win32').passed).toEqual([]);
});

test('a program that stands for another ends as that one did', () => {
  expect([exitCodeOf(0, null), exitCodeOf(2, null), exitCodeOf(null, 'SIGTERM')]).toEqual([0, 2, 143]);
});
