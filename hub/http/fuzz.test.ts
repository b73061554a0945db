/** Hostile inputs at every door, beside somebody whose answer goes on. */
import { test } from 'vitest';
import { fuzzHub } from '../testing/fuzz/fuzzTest.ts';

/** Seeds whose inputs are sent each time; one that finds a fault is added. */
const seeds = [20261127];
const inputs = 5000;
const timeoutMs = 240_000;

test.each(seeds)(
  '%i: hostile inputs get an answer in shape, and nobody else’s ends',
  (seed) => fuzzHub(inputs / seeds.length, seed),
  timeoutMs,
);
