import { randomUUID } from 'node:crypto';
import { CacheId } from '@potluck/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keptForMs, PrefixIndex, type CachedTokens } from './prefixIndex.ts';

const rules = { chunkTokens: 256, replay: 'chunks' as const };
const range = (from: number, length: number): number[] => Array.from({ length }, (_, index) => from + index);

function cached(prompt: number[], changes: Partial<CachedTokens> = {}): CachedTokens {
  const cacheId = CacheId.parse(randomUUID());
  return { cacheId, owner: 'ada', prompt, answer: [], systemTokens: 0, ...changes };
}

const asked = (prompt: number[], owner = 'ada', systemTokens = 0) => ({ prompt, owner, systemTokens });

test('finds the cache that holds most of a prompt', () => {
  const index = new PrefixIndex(rules);
  const [short, long] = [cached(range(0, 100)), cached(range(0, 60), { answer: range(60, 200) })];
  index.keeps(long, 250, 0);
  index.keeps(short, 90, 0);
  expect(index.find(asked(range(0, 80)), 0)).toMatchObject({ length: 79 });
  expect(index.find(asked([...range(0, 150), 7, 7]), 0)).toEqual({
    ...{ cacheId: long.cacheId, length: 150, isKept: true },
  });
  expect(index.find(asked(range(0, 900)), 0)).toMatchObject({ length: 250 });
  expect(index.find(asked([...range(0, 15), ...range(50, 50)]), 0)).toBeUndefined();
  expect(index.find(asked(range(500, 100)), 0)).toBeUndefined();
});

test('a session that runs is found by what it has so far', () => {
  const index = new PrefixIndex(rules);
  const answer = [100];
  const running = cached(range(0, 100), { answer });
  index.runs(running, 0);
  const next = asked(range(0, 200));
  // The last token that was drawn is not in the cache yet.
  expect(index.find(next, 0)).toEqual({ cacheId: running.cacheId, length: 100, isKept: false });
  answer.push(101, 102);
  expect(index.find(next, 0)).toMatchObject({ length: 102 });
  expect(index.takeOldest()).toBeUndefined();
  expect(index.kept).toEqual({ caches: 0, tokens: 0 });
  index.forget(running.cacheId);
  expect(index.find(next, 0)).toBeUndefined();
});

test('owners share nothing but a system prompt that is the same as a whole', () => {
  const index = new PrefixIndex(rules);
  index.keeps(cached(range(0, 100), { systemTokens: 40 }), 100, 0);
  expect(index.find(asked(range(0, 100), 'bob', 40), 0)).toMatchObject({ length: 40 });
  expect(index.find(asked(range(0, 100), 'bob'), 0)).toBeUndefined();
  // A part of it, or more of it, is a guess.
  expect(index.find(asked(range(0, 100), 'bob', 39), 0)).toBeUndefined();
  expect(index.find(asked(range(0, 100), 'bob', 60), 0)).toBeUndefined();
  expect(index.find(asked([...range(0, 39), 7, 8, 9], 'bob', 40), 0)).toBeUndefined();
});

test('a cache takes the place of those whose tokens it holds', () => {
  const index = new PrefixIndex(rules);
  const [first, other, foreign] = [
    cached(range(0, 50)),
    cached(range(0, 80), { answer: [1, 2] }),
    cached(range(0, 50), { owner: 'bob' }),
  ];
  for (const one of [first, other, foreign]) index.keeps(one, 50, 0);
  expect(index.keeps(cached(range(0, 50), { answer: range(50, 30) }), 79, 1)).toEqual([other.cacheId]);
  expect(index.kept).toEqual({ caches: 2, tokens: 129 });
});

test('those that were used least lately give way, and those that nobody used for long', () => {
  const index = new PrefixIndex(rules);
  const caches = [0, 100, 200].map((from) => cached(range(from, 50)));
  const [first, second, third] = caches.map(({ cacheId }) => cacheId) as [CacheId, CacheId, CacheId];
  for (const one of caches) index.keeps(one, 50, 0);
  index.used(first, 10);
  expect(index.takeOldest(second)).toBe(third);
  expect(index.find(asked(range(100, 60)), keptForMs + 1)).toBeUndefined();
  expect(index.expire(keptForMs + 1)).toEqual([second]);
  expect(index.takeOldest(first)).toBeUndefined();
  expect(index.takeOldest()).toBe(first);
});

test('is bounded in caches and in tokens', () => {
  const index = new PrefixIndex(rules);
  const dropped: CacheId[] = [];
  for (let number = 0; number < 300; number++)
    dropped.push(...index.keeps(cached(range(1000 * number, 20)), 20, number));
  expect(index.kept.caches).toBe(300 - dropped.length);
  expect(index.kept.caches).toBeLessThanOrEqual(128);
  const large = Array.from({ length: 3 }, (_, number) => cached(range(10_000_000 * (number + 1), 900_000)));
  for (const one of large) dropped.push(...index.keeps(one, 900_000, 1000));
  expect(index.kept).toEqual({ caches: 2, tokens: 1_800_000 });
  expect(new Set(dropped).size).toBe(dropped.length);
});

test('finds what a search through all caches finds', () => {
  const token = fc.nat(1);
  const tokens = fc.array(token, { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(fc.array(tokens, { maxLength: 12 }), tokens, (prompts, prompt) => {
      const index = new PrefixIndex(rules);
      for (const one of prompts) index.keeps(cached(one), one.length, 0);
      const common = prompts.map((one) => {
        const end = one.findIndex((value, place) => value !== prompt[place]);
        return Math.min(end < 0 ? one.length : end, prompt.length - 1);
      });
      const most = Math.max(0, ...common);
      expect(index.find(asked(prompt), 0)?.length ?? 0).toBe(most >= 16 ? most : 0);
    }),
  );
});
