import type { Settings, SettingsChange } from '@potluck/api';
import { hubJson, hubSend } from './hubFetch.ts';

/**
 * Changes settings of the hub, whatever somebody else changed before.
 * @param changeOf makes the change of what the settings are now
 */
export async function changeSettings(
  changeOf: (now: Settings) => Omit<SettingsChange, 'revision'>,
): Promise<void> {
  const now = await hubJson<Settings>('/api/settings');
  await hubSend('PATCH', '/api/settings', { revision: now.revision, ...changeOf(now) });
}
