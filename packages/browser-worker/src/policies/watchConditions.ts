/** What the browser tells of the device while it works: battery, network, whether somebody looks. */
import { pagePresence } from '../stay-alive/watchPage.ts';
import type { DeviceConditions } from './whyPause.ts';

/** A glance at another tab is no pause, in milliseconds. */
const hiddenAfterMs = 5_000;

/** Battery Status API; not in Firefox and Safari. */
interface Battery extends EventTarget {
  charging: boolean;
}

/** Network Information API; not in Firefox and Safari. */
interface Connection extends EventTarget {
  type?: string;
  saveData?: boolean;
}

/**
 * Watches until the signal is aborted.
 * @param tell called at every change
 */
export function watchConditions(tell: (conditions: DeviceConditions) => void, signal: AbortSignal): void {
  const { connection, getBattery } = navigator as {
    connection?: Connection;
    getBattery?: () => Promise<Battery>;
  };
  let conditions: DeviceConditions = { onBattery: false, hidden: false, metered: isMetered(connection) };
  const change = (part: Partial<DeviceConditions>): void => {
    conditions = { ...conditions, ...part };
    if (!signal.aborted) tell(conditions);
  };
  if (conditions.metered) change({});
  connection?.addEventListener('change', () => change({ metered: isMetered(connection) }), { signal });

  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(timer);
    if (pagePresence() === 'visible') change({ hidden: false });
    else timer = setTimeout(() => change({ hidden: true }), hiddenAfterMs);
  };
  document.addEventListener('visibilitychange', look, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  if (pagePresence() === 'hidden') look();

  void getBattery
    ?.call(navigator)
    .then((battery) => {
      const read = (): void => change({ onBattery: !battery.charging });
      battery.addEventListener('chargingchange', read, { signal });
      if (!battery.charging) read();
    })
    // A page that may not know counts as plugged in.
    .catch(() => undefined);
}

function isMetered(connection: Connection | undefined): boolean {
  return connection?.type === 'cellular' || connection?.saveData === true;
}
