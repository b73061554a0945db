/** Whether a device may come in that was never here. */
import type { NewDevices } from '@potluck/api';

export interface Newcomer {
  /** True where it was here before. */
  isKnown: boolean;
  /** True where the hub or its operator started it or called it. */
  isTrusted: boolean;
}

/** What the operator wants of a device; those that were here before come back whatever is set now. */
export function admitDevice(newDevices: NewDevices, { isKnown, isTrusted }: Newcomer): NewDevices {
  return isKnown || isTrusted ? 'welcome' : newDevices;
}
