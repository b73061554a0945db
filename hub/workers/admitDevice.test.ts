import { expect, test } from 'vitest';
import { admitDevice } from './admitDevice.ts';

test('only devices that nobody knows are asked about, or refused', () => {
  for (const setting of ['welcome', 'ask', 'refuse'] as const) {
    expect(admitDevice(setting, { isKnown: false, isTrusted: false })).toBe(setting);
    expect(admitDevice(setting, { isKnown: true, isTrusted: false })).toBe('welcome');
    expect(admitDevice(setting, { isKnown: false, isTrusted: true })).toBe('welcome');
  }
});
