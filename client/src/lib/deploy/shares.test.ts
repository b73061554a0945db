import { expect, test } from 'vitest';
import { withNode, withoutNode, type Share } from './shares.ts';

const share = (nodeId: string, firstLayer: number, lastLayer: number): Share => ({
  ...{ nodeId, firstLayer, lastLayer },
});
const three = [share('a', 0, 1), share('b', 2, 6), share('c', 7, 7)];

test('layers go to a node that has none, else to the neighbour', () => {
  expect(withoutNode(three, 'b', 'd')).toEqual([share('a', 0, 1), share('d', 2, 6), share('c', 7, 7)]);
  expect(withoutNode(three, 'b')).toEqual([share('a', 0, 6), share('c', 7, 7)]);
  expect(withoutNode(three, 'a')).toEqual([share('b', 0, 6), share('c', 7, 7)]);
  expect(withoutNode(three, 'd')).toEqual(three);
  expect(withoutNode([share('a', 0, 7)], 'a')).toEqual([share('a', 0, 7)]);
});

test('a node gets half of the longest share', () => {
  expect(withNode(three, 'd')).toEqual([
    ...[share('a', 0, 1), share('b', 2, 4), share('d', 5, 6), share('c', 7, 7)],
  ]);
  expect(withNode(three, 'a')).toEqual(three);
  expect(withNode([share('a', 0, 0)], 'b')).toEqual([share('a', 0, 0)]);
});
