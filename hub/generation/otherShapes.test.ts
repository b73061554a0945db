import { expect, test } from 'vitest';
import { otherShapes } from './otherShapes.ts';

const stage = (
  workerName: string,
  firstLayer: number,
  lastLayer: number,
  rows?: number,
  deviceKind = 'cpu',
) => ({
  ...{ workerName, firstLayer, lastLayer },
  ...(rows === undefined ? {} : { ran: { runShape: { graph: 'rows', rows }, deviceKind } }),
});

test('devices that round otherwise than those before are named', () => {
  const before = [stage('a', 0, 3, 1), stage('b', 4, 7, 2)];
  expect(otherShapes(before, [stage('a', 0, 3, 1), stage('c', 4, 7, 2)])).toEqual([]);
  expect(otherShapes(before, [stage('a', 0, 3, 1), stage('c', 4, 7, 1)])).toEqual(['c']);
  expect(otherShapes(before, [stage('a', 0, 3, 1), stage('c', 4, 7, 2, 'gpu')])).toEqual(['c']);
  expect(otherShapes(before, [stage('d', 0, 7, 1)])).toEqual(['d']);
  expect(otherShapes(before, [stage('old', 0, 7)])).toEqual([]);
});
