/** The hub's settings as this page last saw them; every panel saves its part with their revision. */
import type { Settings, SettingsChange } from '@potluck/api';
import { load, perform } from '#lib/hub/actions.ts';
import { hubJson, hubSend } from '#lib/hub/hubFetch.ts';

type Change = Omit<SettingsChange, 'revision'>;

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
   * @param change what to save, or a function that reads it from the form and may throw what is wrong there
   * @returns true where it was saved
   */
  async save(change: Change | (() => Change), success: string): Promise<boolean> {
    if (!this.current) return false;
    const { revision } = this.current;
    const done = await perform(async () => {
      const wanted = typeof change === 'function' ? change() : change;
      this.current = await hubSend<Settings>('PATCH', '/api/settings', { revision, ...wanted });
    }, success);
    if (!done) await this.read();
    return done;
  }
}
