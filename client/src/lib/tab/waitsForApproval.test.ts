import { expect, test } from 'vitest';
import { waitsForApproval } from './waitsForApproval.ts';

const asked = { state: 'joined', reason: undefined, waitsForApproval: true } as const;

test('a device waits from when the hub says so until it is approved, as far as this browser can see', () => {
  expect(waitsForApproval({ state: 'contributing', hub: asked }, undefined)).toBe(true);
  expect(waitsForApproval({ state: 'contributing', hub: asked }, 'waiting')).toBe(true);
  expect(waitsForApproval({ state: 'contributing', hub: asked }, 'active')).toBe(false);
});

test('a device that is paused, away or welcome waits for nobody', () => {
  expect(waitsForApproval({ state: 'paused', hub: asked }, undefined)).toBe(false);
  expect(waitsForApproval({ state: 'contributing', hub: { ...asked, state: 'lost' } }, undefined)).toBe(
    false,
  );
  expect(
    waitsForApproval({ state: 'contributing', hub: { state: 'joined', reason: undefined } }, undefined),
  ).toBe(false);
});
