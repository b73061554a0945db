import { expect, it } from 'vitest';
import { RoundTrips } from './roundTrips.ts';

it('tells the first round trip, and another only when it lasts', () => {
  const trips = new RoundTrips();
  expect([trips.add(4), trips.told]).toEqual([true, 4]);
  // The link was being set up: now it is as fast as it is.
  expect([trips.add(1), trips.told]).toEqual([true, 1]);
  for (const milliseconds of [1.1, 0.9, 30, 1, 1.05]) expect(trips.add(milliseconds)).toBe(false);
  expect(trips.told).toBe(1);
  const told = [30, 31, 29, 30, 32].map((milliseconds) => trips.add(milliseconds));
  expect(told).toContain(true);
  expect(trips.told).toBeGreaterThan(25);
});
