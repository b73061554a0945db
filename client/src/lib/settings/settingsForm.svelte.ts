/** A form over some of the hub's settings. */
import type { Settings, SettingsChange } from '@potluck/api';
import { untrack } from 'svelte';
import { changedFields } from './changedFields.ts';
import type { HubSettingsState } from './hubSettings.svelte.ts';

/** Settings that are changed by their value as it is read. */
type Field = keyof Settings & keyof Omit<SettingsChange, 'revision'>;

export class SettingsForm<Name extends Field> {
  /** What the form shows. */
  values = $state() as Pick<Settings, Name>;
  readonly #hub: HubSettingsState;
  readonly #fields: readonly Name[];
  /** As the hub had them when they were last put into the form. */
  #seen: Pick<Settings, Name>;

  /** @param hub whose settings were read */
  constructor(hub: HubSettingsState, fields: readonly Name[]) {
    this.#hub = hub;
    this.#fields = fields;
    this.#seen = this.#read();
    this.values = this.#read();
  }

  /**
   * Saves what was changed in the form, and nothing else. Where somebody else changed settings meanwhile, the hub
   * refuses: then their values are shown, and what was typed in other fields stays, to be looked at and saved again.
   * @param more reads what is saved beside the fields, and may throw what is wrong there
   * @returns true where it was saved
   */
  async save(success: string, more: () => Omit<SettingsChange, 'revision'> = () => ({})): Promise<boolean> {
    const typed = { ...this.values };
    const change = changedFields(this.#seen, typed, this.#fields);
    const done = await this.#hub.save(() => ({ ...change, ...more() }), success);
    this.settle(done, typed);
    return done;
  }

  /** After the hub's settings were saved, or were not: what was typed stays where it was not saved. */
  settle(isSaved: boolean, typed = this.values): void {
    const now = this.#read();
    this.values = isSaved ? now : { ...typed, ...changedFields(this.#seen, now, this.#fields) };
    this.#seen = now;
  }

  #read(): Pick<Settings, Name> {
    const current = untrack(() => this.#hub.current) as Settings;
    return Object.fromEntries(this.#fields.map((name) => [name, current[name]])) as Pick<Settings, Name>;
  }
}
