/** The snapshot, and who is told of it. */
import { throttle } from './agent/throttle.ts';
import { withEvent } from './applyAgentEvent.ts';
import type { TabSettings } from './settings/tabSettings.ts';
import type { TabEvent, TabSnapshot } from './snapshot.ts';
import { pagePresence } from './stay-alive/watchPage.ts';

/** How often listeners are told, in milliseconds. */
const tellEveryMs = 50;

export class SnapshotStore {
  readonly #listeners = new Set<(snapshot: TabSnapshot) => void>();
  #snapshot: TabSnapshot;

  constructor(settings: TabSettings) {
    this.#snapshot = {
      state: 'inspecting',
      problem: undefined,
      workerId: undefined,
      settings,
      hasToken: false,
      offer: undefined,
      device: undefined,
      hub: { state: 'offline', reason: undefined },
      stages: [],
      peers: [],
      served: { tokens: 0, steps: 0, tokensPerSecond: 0, answers: 0, bytes: 0, openSessions: 0 },
      cache: { bytes: 0, blobs: 0, inMemory: false },
      stayAlive: { visibility: pagePresence(), wakeLock: false, quietTone: false },
      events: [],
    };
  }

  get snapshot(): TabSnapshot {
    return this.#snapshot;
  }

  /** Calls `listener` at once and then at changes, a few times a second at most; returns what ends that. */
  subscribe(listener: (snapshot: TabSnapshot) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#snapshot);
    return () => this.#listeners.delete(listener);
  }

  replace(snapshot: TabSnapshot): void {
    this.#snapshot = snapshot;
    this.#tell();
  }

  set(change: Partial<TabSnapshot>): void {
    this.replace({ ...this.#snapshot, ...change });
  }

  /** Adds a line to the page's log. */
  log(level: TabEvent['level'], text: string): void {
    this.replace(withEvent(this.#snapshot, { at: Date.now(), level, text }));
  }

  readonly #tell = throttle(tellEveryMs, () => {
    for (const listener of [...this.#listeners]) listener(this.#snapshot);
  });
}
