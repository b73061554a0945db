import { expect, test } from 'vitest';
import { planOf } from './planOptions.ts';

test('options become a plan', () => {
  expect(planOf({}, [])).toEqual({ mode: 'automatic', replicas: 1 });
  expect(planOf({ replicas: 2, mostReplicas: 4 }, [])).toEqual({
    mode: 'automatic',
    replicas: 2,
    mostReplicas: 4,
  });
  expect(planOf({ shards: 3 }, [])).toEqual({ mode: 'shards', count: 3, replicas: 1 });
});

test.each([
  [{ shards: 2, mostReplicas: 2 }, /--most-replicas is for models that the hub places by itself/],
  [{ node: ['one'], shards: 2 }, /--node names every shard by itself/],
  [{ node: ['one'] }, /There is no node 'one'. Here are: none/],
])('%j do not go together', (options, message) => {
  expect(() => planOf(options, [])).toThrow(message);
});
