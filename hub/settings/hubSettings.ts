/** What the operator set, kept in the database. */
import { Settings, type SettingsChange } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import { z } from 'zod';
import { SettingsConflict, SettingsIncomplete } from './settingsErrors.ts';
import type { ValueStore } from './valueStore.ts';

const valueName = 'settings';

const Stored = Settings.omit({
  hasHubToken: true,
  modelDirectories: true,
  hasTurnCredential: true,
  flagTurnUrls: true,
  behindProxy: true,
  proxySeen: true,
}).extend({
  hubToken: z.string().nullable(),
  turnCredential: z.string().nullable(),
});
type Stored = z.infer<typeof Stored>;

const defaults: Stored = {
  revision: 1,
  retentionDays: 30,
  keepChatWords: true,
  keepApiWords: false,
  trustLocal: true,
  defaultModel: null,
  aliases: {},
  modelDefaults: {},
  defaultsForPrograms: false,
  loadOnDemand: false,
  unloadAfterMinutes: null,
  standbyShare: 0.5,
  corsOrigins: [],
  newDevices: 'welcome',
  queueLimit: 128,
  hubEndpoint: 'https://huggingface.co',
  hubToken: null,
  turnUrls: [],
  turnUsername: '',
  turnCredential: null,
};

export interface SettingsInit {
  /** Folders below which models may be imported from; empty: any. */
  modelDirectories: string[];
  /** TURN servers of the flags; default: none. */
  flagTurnUrls?: string[];
  /** Replaces the default endpoint where none was set. */
  hubEndpoint?: string;
}

export class HubSettings {
  readonly #values: ValueStore;
  readonly #init: SettingsInit;
  readonly #listeners = new Set<() => void>();
  #stored: Stored;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(values: ValueStore, init: SettingsInit, stored: Stored) {
    this.#values = values;
    this.#init = init;
    this.#stored = stored;
  }

  static async load(values: ValueStore, init: SettingsInit): Promise<HubSettings> {
    const stored = await values.get(valueName);
    const own = { ...defaults, ...(init.hubEndpoint === undefined ? {} : { hubEndpoint: init.hubEndpoint }) };
    const known = typeof stored === 'object' && stored !== null ? stored : {};
    return new HubSettings(values, init, Stored.safeParse({ ...own, ...known }).data ?? own);
  }

  get current(): Omit<Settings, 'behindProxy' | 'proxySeen'> {
    const { hubToken, turnCredential, ...settings } = this.#stored;
    return {
      ...settings,
      hasHubToken: hubToken !== null,
      hasTurnCredential: turnCredential !== null,
      flagTurnUrls: this.#init.flagTurnUrls ?? [],
      modelDirectories: this.#init.modelDirectories,
    };
  }

  /** Token for gated models; never leaves the hub but towards its endpoint. */
  get hubToken(): string | undefined {
    return this.#stored.hubToken ?? undefined;
  }

  /** TURN servers as workers are told of them; undefined where none are set. */
  get turnServer(): { urls: string[]; username: string; credential: string } | undefined {
    const { turnUrls: urls, turnUsername: username, turnCredential: credential } = this.#stored;
    return urls.length > 0 && credential !== null ? { urls, username, credential } : undefined;
  }

  /** @returns a function that ends the listening */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @throws SettingsConflict if another revision is current, SettingsIncomplete if something is missing, StorageError */
  change(change: SettingsChange): Promise<HubSettings['current']> {
    // One after the other: two that saw the same revision must not both be written.
    const changed = this.#last.then(() => this.#change(change));
    this.#last = changed.catch(() => undefined);
    return changed;
  }

  async #change({ revision, ...change }: SettingsChange): Promise<HubSettings['current']> {
    if (revision !== this.#stored.revision) {
      throw new SettingsConflict(hubText('settings-changed', {}));
    }
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    // A token is for the place that it was given for.
    const isElsewhere = change.hubEndpoint !== undefined && change.hubEndpoint !== this.#stored.hubEndpoint;
    const forgotten = isElsewhere && change.hubToken === undefined ? { hubToken: null } : {};
    const stored = Stored.parse({ ...this.#stored, ...forgotten, ...given, revision: revision + 1 });
    const hasAccount = stored.turnUsername !== '' && stored.turnCredential !== null;
    if (stored.turnUrls.length > 0 && !hasAccount) {
      throw new SettingsIncomplete(
        'TURN servers need a user name and a password: browsers use no TURN server without.',
      );
    }
    // Written first: what was not written is not so.
    await this.#values.put(valueName, stored);
    this.#stored = stored;
    for (const listener of [...this.#listeners]) listener();
    return this.current;
  }
}
