import { expect, test } from 'vitest';
import { Attempts } from './attempts.ts';

test('five tries of one address in a minute are free, those at the same time included', () => {
  const attempts = new Attempts();
  const tries = Array.from({ length: 7 }, () => attempts.begin('10.0.0.1', 1000));
  expect(tries).toEqual([0, 0, 0, 0, 0, 60, 60]);
  expect(attempts.begin('10.0.0.2', 1000)).toBe(0);
  expect(attempts.begin('10.0.0.1', 61_001)).toBe(0);
});

test('a right key takes back its own try only; the password takes back all', () => {
  const attempts = new Attempts();
  for (let round = 0; round < 5; round++) {
    expect(attempts.begin('10.0.0.1', 1000)).toBe(0);
    if (round === 4) break;
    expect(attempts.begin('10.0.0.1', 1000)).toBe(0);
    attempts.takeBack('10.0.0.1');
  }
  expect(attempts.begin('10.0.0.1', 1000)).toBeGreaterThan(0);
  attempts.forget('10.0.0.1');
  expect(attempts.begin('10.0.0.1', 1000)).toBe(0);
});

test('addresses of one IPv6 network count together', () => {
  const attempts = new Attempts();
  for (let guess = 1; guess <= 5; guess++) expect(attempts.begin(`2001:db8:0:1::${guess}`, 0)).toBe(0);
  expect(attempts.begin('2001:db8:0:1:a:b:c:d', 0)).toBeGreaterThan(0);
  expect(attempts.begin('2001:db8:0:2::1', 0)).toBe(0);
});
