/** What keeps a tab at work while nobody looks at it, as its settings want it. */
import type { TabSettings } from '../settings/tabSettings.ts';
import type { StayAliveView } from '../snapshot.ts';
import { quietTone } from './quietTone.ts';
import { screenWakeLock } from './screenWakeLock.ts';

export interface StayAlive {
  want(settings: Pick<TabSettings, 'keepScreenOn' | 'quietTone'>): void;
  letGo(): void;
}

/** @param onChange told what the browser grants */
export function stayAlive(onChange: (change: Partial<StayAliveView>) => void): StayAlive {
  const tone = quietTone((plays) => onChange({ quietTone: plays }));
  const wakeLock = screenWakeLock((held) => onChange({ wakeLock: held }));
  const want: StayAlive['want'] = (settings) => {
    wakeLock.want(settings.keepScreenOn);
    tone.want(settings.quietTone);
  };
  return { want, letGo: () => want({ keepScreenOn: false, quietTone: false }) };
}
