/** This tab as a worker: what packages/browser-worker tells, for components to show. */
import type { TabSnapshot, TabWorker } from '@potluck/browser-worker';
import type { JoinLink } from '@potluck/protocol';
import {
  addServed,
  keepContributed,
  nothingContributed,
  readContributed,
  type Contributed,
} from './contributed.ts';
import { hubUrl } from '#lib/hub/hubUrl.ts';
import { live } from '#lib/live/live.svelte.ts';
import { waitsForApproval } from './waitsForApproval.ts';

/** Time is kept at least this often, in milliseconds. */
const countTimeEveryMs = 10_000;

class Tab {
  /** Undefined until the worker's code is loaded. */
  snapshot = $state.raw<TabSnapshot>();
  /** What this browser has done in all, earlier visits included. */
  contributed = $state.raw<Contributed>(readContributed());
  #counted = nothingContributed;
  /** Time for which this page was joined, until `#joinedAt`, in milliseconds. */
  #joinedMs = 0;
  /** When time was counted last, by `performance.now()`; undefined while it is not joined. */
  #joinedAt: number | undefined;
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
   * The worker outlives the join page: other pages of the app can be looked at while it serves. Called again, it takes the
   * token of another link.
   * @param link by which the page was opened; with `auto`, as `potluck browsers` opens it, the tab starts without a click
   */
  async open(link: JoinLink | undefined): Promise<void> {
    if (this.#opening === undefined) {
      this.#opening = this.#load(link);
      return this.#opening;
    }
    await this.#opening;
    if (link !== undefined) this.#worker?.useToken(link.token);
  }

  #count(snapshot: TabSnapshot): void {
    const { served, hub, workerId } = snapshot;
    const now = performance.now();
    if (this.#joinedAt !== undefined) this.#joinedMs += now - this.#joinedAt;
    // A device that waits for approval is joined, and helps nobody yet.
    const waits = waitsForApproval(snapshot, live.nodes.get(workerId ?? '')?.mode) && served.tokens === 0;
    this.#joinedAt = hub.state === 'joined' && !waits ? now : undefined;
    const { tokens, steps, answers, bytes } = served;
    const all = { tokens, steps, answers, bytes, joinedMs: Math.round(this.#joinedMs) };
    const isNews = tokens !== this.#counted.tokens || answers !== this.#counted.answers;
    if (!isNews && all.joinedMs - this.#counted.joinedMs < countTimeEveryMs) return;
    // Another tab of this browser may have added to it.
    this.contributed = addServed(readContributed(), this.#counted, all);
    this.#counted = all;
    keepContributed(this.contributed);
  }

  async #load(link: JoinLink | undefined): Promise<void> {
    try {
      // Large, and only people who lend their device need it.
      const { createTabWorker } = await import('@potluck/browser-worker');
      const worker = createTabWorker({
        hubUrl: hubUrl(),
        describeBrowser: (browser, system) => /* @wc-include */ `${browser} on ${system}`,
        ...(link !== undefined && { token: link.token }),
        ...(link?.mainMemoryBytes !== undefined && { mainMemoryBytes: link.mainMemoryBytes }),
      });
      this.#worker = worker;
      worker.subscribe((snapshot) => {
        this.snapshot = snapshot;
        this.#count(snapshot);
        tellWatchers(snapshot);
      });
      // Nothing else tells that time goes by.
      setInterval(() => this.#count(worker.snapshot), countTimeEveryMs);
      if (!link?.auto) return;
      const { name, memoryBytes } = link;
      worker.change({
        ...(name !== undefined && { name }),
        ...(memoryBytes !== undefined && { memoryBytes }),
      });
      await worker.start();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#opening = undefined;
    }
  }
}

/** For `potluck browsers`, which watches tabs that nobody looks at. */
function tellWatchers({ state, problem }: TabSnapshot): void {
  const { dataset } = document.documentElement;
  if (problem === undefined) delete dataset.workerProblem;
  else if (dataset.workerProblem !== problem.message) dataset.workerProblem = problem.message;
  if (dataset.workerState !== state) dataset.workerState = state;
}

export const tab = new Tab();
