/** The hub's settings as this page last saw them; every panel saves its part with their revision. */
import type { Settings, SettingsChange } from '@potluck/api';
import { load, perform } from '#lib/hub/actions.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';

export class HubSettingsState {
  /** Undefined until they were read. */
  current = $state.raw<Settings>();

  async read(): Promise<void> {
    await load(async () => {
      this.current = await hubJson<Settings>('/api/settings');
    });
  }

  /**
   * Somebody else may have changed something meanwhile: then the hub says so, and what is there now is read.
   * @param changeOf reads from the form what to save, and may throw what is wrong there
   * @returns true where it was saved
   */
  async save(changeOf: () => Omit<SettingsChange, 'revision'>, success: string): Promise<boolean> {
    if (!this.current) return false;
    const { revision } = this.current;
    const done = await perform(async () => {
      this.current = await hubSend<Settings>('PATCH', '/api/settings', { revision, ...changeOf() });
    }, success);
    if (!done) await this.read();
    return done;
  }
}
