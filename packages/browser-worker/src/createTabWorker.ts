/** The tab as its page sees it. */
import type { TabSettings } from './settings/tabSettings.ts';
import type { TabSnapshot } from './snapshot.ts';

export interface TabWorkerOptions {
  /** Default: where the page comes from. */
  hubUrl?: string;
  /** Join token, as the join link carries it. Default: the one that this hub took last. */
  token?: string;
}

export interface TabWorker {
  /** The present state. */
  readonly snapshot: TabSnapshot;
  /** Calls `listener` at once and at every change (at most once a frame's time); returns what ends that. */
  subscribe(listener: (snapshot: TabSnapshot) => void): () => void;
  /** Changes settings and keeps them; what concerns a running worker takes effect when it starts the next time. */
  change(settings: Partial<TabSettings>): void;
  /** Tests the device and joins the hub. Resolves when it has joined, or in state `refused` or `failed`. Never rejects. */
  start(): Promise<void>;
  /** Leaves the hub after the sessions under way, and stays away until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Leaves the hub and goes back to `idle`; a reload does not start it again. Weights stay in the cache. */
  leave(): Promise<void>;
  /** Deletes the weights kept in this browser. Stages that run go on. */
  forgetWeights(): Promise<void>;
  /** Ends the worker without a trace in the settings, as closing the tab does. */
  close(): Promise<void>;
}

export declare function createTabWorker(options?: TabWorkerOptions): TabWorker;
