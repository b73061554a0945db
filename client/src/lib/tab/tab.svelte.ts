/** This tab as a worker: what packages/browser-worker tells, for components to show. */
import type { TabSnapshot, TabWorker } from '@potluck/browser-worker';

class Tab {
  /** Undefined until the worker's code is loaded. */
  snapshot = $state.raw<TabSnapshot>();
  /** Why it could not be loaded. */
  problem = $state<string>();
  #worker: TabWorker | undefined;
  #opening: Promise<void> | undefined;

  /** Undefined until it is loaded. */
  get worker(): TabWorker | undefined {
    return this.#worker;
  }

  /**
   * Loads the worker's code and lets it look at the device; a tab that was contributing before a reload goes on by itself.
   * The worker outlives the join page: other pages of the app can be looked at while it serves.
   * @param token of the join link, where there is one
   */
  open(token: string | undefined): Promise<void> {
    this.#opening ??= this.#load(token);
    return this.#opening;
  }

  async #load(token: string | undefined): Promise<void> {
    try {
      // Large, and only people who lend their device need it.
      const { createTabWorker } = await import('@potluck/browser-worker');
      this.#worker = createTabWorker(token === undefined ? {} : { token });
      this.#worker.subscribe((snapshot) => (this.snapshot = snapshot));
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#opening = undefined;
    }
  }
}

export const tab = new Tab();
