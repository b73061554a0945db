import { expect, test } from 'vitest';
import { memoryToOffer } from './memoryToOffer.ts';

test.each([
  ['what the machine has', { wantedBytes: 8e9, machineBytes: 16e9, hasGpu: false }, { bytes: 8e9 }],
  [
    'more than it has',
    { wantedBytes: 500e9, machineBytes: 16e9, hasGpu: false },
    {
      bytes: 16e9,
      warning:
        '--memory 500 GB is more than this machine has: models may take 16 GB. Give --memory less than that.',
    },
  ],
  ['a GPU with memory of its own', { wantedBytes: 80e9, machineBytes: 64e9, hasGpu: true }, { bytes: 80e9 }],
])('%s', (_, wish, offer) => {
  expect(memoryToOffer(wish)).toEqual(offer);
});
