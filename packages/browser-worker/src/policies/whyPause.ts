/** When a tab pauses by itself; pure. */
import type { TabSettings } from '../settings/tabSettings.ts';

/** How the device is at the moment, as far as the browser tells; what it does not tell is false. */
export interface DeviceConditions {
  onBattery: boolean;
  /** Nobody has looked at the tab for a few seconds. */
  hidden: boolean;
  /** The network costs by what it carries, or the person wants to save data. */
  metered: boolean;
}

export type PauseReason = 'battery' | 'hidden' | 'metered';

export type PausePolicies = Pick<TabSettings, 'pauseOnBattery' | 'pauseWhenHidden' | 'pauseOnMetered'>;

/** @returns why the tab rests now; undefined where it may work */
export function whyPause(policies: PausePolicies, conditions: DeviceConditions): PauseReason | undefined {
  if (policies.pauseOnBattery && conditions.onBattery) return 'battery';
  if (policies.pauseOnMetered && conditions.metered) return 'metered';
  return policies.pauseWhenHidden && conditions.hidden ? 'hidden' : undefined;
}

/** What the hub is told, for people. */
export const pauseWords: Record<PauseReason, string> = {
  battery: 'paused: it runs on battery',
  metered: 'paused: its network is metered',
  hidden: 'paused: its tab is in the background',
};
