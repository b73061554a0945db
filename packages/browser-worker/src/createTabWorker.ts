/** The tab as its page sees it: the commands of people, one after the other, and what the page goes through. */
import { messageOf } from '@potluck/worker';
import { plainHubUrl } from '@potluck/protocol';
import type { TabRun } from './agent/startTabRun.ts';
import { countWeights } from './blobs/countWeights.ts';
import { indexedDbBlobStore } from './blobs/indexedDbBlobStore.ts';
import { Contribution } from './contribution.ts';
import { inspectDevice } from './device/inspectDevice.ts';
import { watchConditions } from './policies/watchConditions.ts';
import { pauseWords, whyPause, type DeviceConditions, type PauseReason } from './policies/whyPause.ts';
import { storageOf } from './settings/storageOf.ts';
import { takeTabIdentity, type TabIdentity } from './settings/tabIdentity.ts';
import { describeBrowser, TabSettingsStore, type TabSettings } from './settings/tabSettings.ts';
import type { TabSnapshot } from './snapshot.ts';
import { SnapshotStore } from './snapshotStore.ts';
import { stayAlive } from './stay-alive/stayAlive.ts';
import { watchPage } from './stay-alive/watchPage.ts';
import type { TabWorker, TabWorkerOptions } from './tabWorker.ts';

/** How long answers under way may take to end before a tab that pauses leaves all the same. */
const drainMs = 60_000;

/** Makes the tab's worker; it inspects the device at once, and starts by itself if it was contributing before a reload. */
export function createTabWorker(options: TabWorkerOptions = {}): TabWorker {
  return new Tab(options);
}

class Tab implements TabWorker {
  readonly #hubUrl: string;
  readonly #settings: TabSettingsStore;
  readonly #view: SnapshotStore;
  readonly #closed = new AbortController();
  readonly #stayAlive = stayAlive((change) => this.#showStayAlive(change));
  readonly #contribution: Contribution;
  readonly #inspected: Promise<void>;
  readonly #mainMemoryBytes: number | undefined;
  #identity: TabIdentity | undefined;
  #conditions: DeviceConditions = { onBattery: false, hidden: false, metered: false };
  /** Ends the wait for answers under way. */
  #hurry: (() => void) | undefined;
  /** Commands run one after the other. */
  #commands: Promise<void> = Promise.resolve();

  constructor(options: TabWorkerOptions) {
    this.#mainMemoryBytes = options.mainMemoryBytes;
    this.#hubUrl = plainHubUrl(options.hubUrl ?? location.origin);
    this.#settings = new TabSettingsStore(
      storageOf('localStorage'),
      describeBrowser(navigator.userAgent, options.describeBrowser),
    );
    if (options.token) this.#settings.keepToken(this.#hubUrl, options.token);
    this.#view = new SnapshotStore(this.#settings.settings);
    this.#view.set({ hasToken: this.#settings.tokenFor(this.#hubUrl) !== undefined });
    this.#contribution = new Contribution(
      {
        view: this.#view,
        settings: this.#settings,
        stayAlive: this.#stayAlive,
        command: (act) => this.#command(act),
        countCache: () => this.#countCache(),
      },
      { hubUrl: this.#hubUrl, handOver: options.handOverChannels ?? true },
    );
    watchPage(
      {
        onPresence: (presence) => {
          if (presence !== 'frozen') this.#showStayAlive({ visibility: presence });
          this.#contribution.run?.setPresence(presence);
        },
        onWake: () => this.#contribution.run?.wake(),
        onGone: () => this.#contribution.run?.sayGoodbye('its page was left'),
      },
      this.#closed.signal,
    );
    this.#inspected = this.#inspect();
    watchConditions((conditions) => {
      this.#conditions = conditions;
      void this.#followPolicies();
    }, this.#closed.signal);
  }

  get snapshot(): TabSnapshot {
    return this.#view.snapshot;
  }

  subscribe(listener: (snapshot: TabSnapshot) => void): () => void {
    return this.#view.subscribe(listener);
  }

  change(settings: Partial<TabSettings>): void {
    this.#settings.change(settings);
    this.#view.set({ settings: this.#settings.settings });
    if (this.#contribution.run) this.#stayAlive.want(this.#settings.settings);
    void this.#followPolicies();
  }

  useToken(token: string): void {
    this.#settings.keepToken(this.#hubUrl, token);
    this.#view.set({ hasToken: true });
    void this.#command(async () => {
      if (this.snapshot.state === 'refused') this.#view.set({ state: 'idle', problem: undefined });
    });
  }

  start(): Promise<void> {
    return this.#command(async () => {
      if (this.#identity && !this.#contribution.run) await this.#startOrRest(this.#identity);
    });
  }

  pause(): Promise<void> {
    return this.#command(async () => {
      const { run } = this.#contribution;
      if (!run) return;
      if (this.#identity) this.#identity.was = 'paused';
      await this.#drained(run);
      await this.#contribution.end('paused', 'paused');
      this.#view.set({ pausedBecause: undefined });
    });
  }

  resume(): Promise<void> {
    return this.start();
  }

  leave(): Promise<void> {
    this.#hurry?.();
    return this.#command(async () => {
      if (this.#identity) this.#identity.was = 'idle';
      if (this.#contribution.run) await this.#contribution.end('idle', 'left');
      else if (this.snapshot.offer) this.#view.set({ state: 'idle', problem: undefined });
    });
  }

  forgetWeights(): Promise<void> {
    return this.#command(async () => {
      await indexedDbBlobStore().forget();
      await this.#countCache();
      if (this.snapshot.cache.blobs === 0) return;
      this.#view.log('info', 'weights of layers that tabs of this browser serve now are not forgotten');
    });
  }

  close(): Promise<void> {
    this.#hurry?.();
    return this.#command(async () => {
      if (this.#contribution.run) await this.#contribution.end('idle', 'closed');
      this.#closed.abort();
      this.#identity?.release();
    });
  }

  get #whyPause(): PauseReason | undefined {
    return whyPause(this.#settings.settings, this.#conditions);
  }

  /** A tab that rests by itself goes on by itself, also after a reload. */
  async #startOrRest(identity: TabIdentity): Promise<void> {
    const pausedBecause = this.#whyPause;
    this.#view.set({ pausedBecause });
    if (pausedBecause === undefined) return this.#contribution.start(identity);
    identity.was = 'contributing';
    this.#view.set({ state: 'paused', problem: undefined });
  }

  /** Rests or goes on, as the conditions and what the person chose are by then. */
  #followPolicies(): Promise<void> {
    return this.#command(async () => {
      const { run } = this.#contribution;
      const reason = this.#whyPause;
      const { state, pausedBecause } = this.snapshot;
      if (run && reason !== undefined) {
        await this.#drained(run);
        await this.#contribution.end('paused', pauseWords[reason]);
        this.#view.set({ pausedBecause: reason });
      } else if (
        state === 'paused' &&
        pausedBecause !== undefined &&
        pausedBecause !== reason &&
        this.#identity
      )
        await this.#startOrRest(this.#identity);
    });
  }

  async #inspect(): Promise<void> {
    const [offer, identity] = await Promise.all([
      inspectDevice(this.#mainMemoryBytes),
      takeTabIdentity({
        local: storageOf('localStorage'),
        session: storageOf('sessionStorage'),
        locks: (navigator as { locks?: LockManager }).locks,
      }),
      this.#countCache(),
    ]);
    this.#identity = identity;
    const { workerId, was } = identity;
    this.#view.set({ state: was === 'paused' ? 'paused' : 'idle', offer, workerId });
    if (was === 'contributing') void this.start();
  }

  /** Resolves when the hub has nothing more for this tab, the time is over, or somebody is in a hurry. */
  async #drained(run: TabRun): Promise<void> {
    const hurry = new Promise<void>((resolve) => (this.#hurry = resolve));
    const timer = setTimeout(() => this.#hurry?.(), drainMs);
    await Promise.race([run.drain(), hurry]);
    clearTimeout(timer);
    this.#hurry = undefined;
  }

  async #countCache(): Promise<void> {
    const counted = await countWeights();
    this.#view.set({ cache: { ...this.snapshot.cache, ...counted } });
  }

  #showStayAlive(change: Partial<TabSnapshot['stayAlive']>): void {
    this.#view.set({ stayAlive: { ...this.snapshot.stayAlive, ...change } });
  }

  /** One after the other, each once the device was inspected. */
  #command(act: () => Promise<void>): Promise<void> {
    this.#commands = this.#commands.then(async () => {
      await this.#inspected;
      await act();
    });
    this.#commands = this.#commands.catch((error: unknown) => this.#view.log('error', messageOf(error)));
    return this.#commands;
  }
}
