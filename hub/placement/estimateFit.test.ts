import { expect, test } from 'vitest';
import { estimateFit } from './estimateFit.ts';

const room = (freeBytes: number, reclaimableBytes = 0) => ({ freeBytes, reclaimableBytes });

test('a model fits where caches of others have what is missing, and the verdict says so', () => {
  // A small model's caches reserved half of 13 GB; a model of 4 billion parameters needs about 5.4 GB.
  expect(estimateFit(3.2e9, [room(4e9, 6.4e9)])).toMatchObject({
    fits: true,
    offeredBytes: 10.4e9,
    message: expect.stringMatching(/^needs about 5\.2 GB; one node has room once caches/) as string,
  });
  expect(estimateFit(3.2e9, [room(6e9, 4e9)]).message).toMatch(/; one node has room$/);
  expect(estimateFit(3.2e9, [room(3e9), room(3e9)]).message).toMatch(/split over nodes with 6 GB together$/);
  expect(estimateFit(3.2e9, [room(2e9, 1e9), room(2e9, 1e9)])).toMatchObject({ fits: true });
  expect(estimateFit(3.2e9, [room(2e9), room(2e9)])).toMatchObject({ fits: false });
  expect(estimateFit(3.2e9, [])).toMatchObject({
    fits: false,
    message: expect.stringMatching(/no device takes layers now$/) as string,
  });
});
