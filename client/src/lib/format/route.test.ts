import { expect, test } from 'vitest';
import { describeRoute, parseRoute } from './route.ts';

test('a route names devices and their layers', () => {
  expect(parseRoute('local-1[0-2],my laptop[3-7]')).toEqual([
    { worker: 'local-1', firstLayer: 0, lastLayer: 2 },
    { worker: 'my laptop', firstLayer: 3, lastLayer: 7 },
  ]);
  expect(parseRoute('K%C3%BCche%5B1%5D[0-7],100%[8-9]').map(({ worker }) => worker)).toEqual([
    'Küche[1]',
    '100%',
  ]);
  expect(parseRoute('')).toEqual([]);
});

test('devices are counted, not stages', () => {
  expect(describeRoute(parseRoute('one[0-3],two[4-7]'))).toBe('on 2 devices');
  expect(describeRoute(parseRoute('one[0-3],one[4-7]'))).toBe('on one');
  expect(describeRoute(parseRoute('one[0-1],two[2-5],one[6-7]'))).toBe('on 2 devices');
});
