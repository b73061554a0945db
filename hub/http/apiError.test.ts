import { expect, test } from 'vitest';
import { isFullDisk } from '../files/fullDisk.ts';
import { toApiError } from './apiError.ts';

test('a full disk is told as that, however deep the reason lies', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const wrapped = new Error('the pipe broke', { cause: full });
  expect([isFullDisk(full), isFullDisk(wrapped), isFullDisk(new Error('other'))]).toEqual([
    true,
    true,
    false,
  ]);
  expect(toApiError(wrapped)).toMatchObject({ status: 507, code: 'no_space' });
  expect(toApiError(wrapped).message).toMatch(/^The hub's disk is full\. Free some space/);
});
