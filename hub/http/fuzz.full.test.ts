/** As fuzz.test.ts, with many more inputs. */
import { test } from 'vitest';
import { fuzzHub } from '../testing/fuzz/fuzzTest.ts';

const seeds = [1, 2, 3, 4, 5];
const inputs = 100_000;

test.each(seeds)('%i: hostile inputs get an answer in shape, and nobody else’s ends', (seed) =>
  fuzzHub(inputs / seeds.length, seed),
);
