/** What a page can do with the worker in it. */
import type { TabSettings } from './settings/tabSettings.ts';
import type { TabSnapshot } from './snapshot.ts';

export interface TabWorkerOptions {
  /** Default: where the page comes from. */
  hubUrl?: string;
  /** Join token, as the join link carries it. Default: the one that this hub took last. */
  token?: string;
  /** Main memory that this browser may count on, in bytes, where the browser itself can't know. */
  mainMemoryBytes?: number;
  /** Puts a browser and its system into words, for the name that a tab has at first. Default: in English. */
  describeBrowser?: (browser: string, system: string) => string;
  /** False keeps data channels in the page, as browsers do that can't hand them over. Default true. */
  handOverChannels?: boolean;
}

export interface TabWorker {
  /** The present state. */
  readonly snapshot: TabSnapshot;
  /** Calls `listener` at once and then at changes, a few times a second at most; returns what ends that. */
  subscribe(listener: (snapshot: TabSnapshot) => void): () => void;
  /** Changes settings and keeps them. Name, memory and device take effect at the next start. */
  change(settings: Partial<TabSettings>): void;
  /** Takes the token of another join link, for the next start; a tab that was refused is then ready for it. */
  useToken(token: string): void;
  /** Tests the device and starts to join the hub. Resolves in `contributing` or in a state that says why not. Never rejects. */
  start(): Promise<void>;
  /**
   * Takes nothing new from now on, lets the answers under way end (`leave` cuts that short), and leaves the hub until
   * `resume`.
   */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Leaves the hub at once, back to `idle`: a reload does not start it again. Weights stay in the cache. */
  leave(): Promise<void>;
  /** Deletes the weights kept in this browser, but for those of layers that one of its tabs serves now. */
  forgetWeights(): Promise<void>;
  /** Ends the worker as closing the tab does: a page that is opened again goes on. */
  close(): Promise<void>;
}
