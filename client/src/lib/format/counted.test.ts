import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test('one thing is not called several', () => {
  const forms = ['# node', '# nodes'];
  expect([0, 1, 2, 1234].map((count) => counted(count, forms))).toEqual([
    ...['0 nodes', '1 node', '2 nodes', '1,234 nodes'],
  ]);
  expect(counted(1, ['in one part', 'in # parts'])).toBe('in one part');
});

test('a language may have other forms', () => {
  expect(counted(1, ['# 个节点'], () => 0)).toBe('1 个节点');
});
