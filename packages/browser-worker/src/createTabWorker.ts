/** The tab as its page sees it: what it is asked to do, and what it does by itself when something is lost. */
import { messageOf } from '@potluck/worker';
import type { TabAgentEvent } from './agent/agentApi.ts';
import { startTabRun, type TabRun } from './agent/startTabRun.ts';
import { applyAgentEvent } from './applyAgentEvent.ts';
import { countWeights } from './blobs/countWeights.ts';
import { indexedDbBlobStore } from './blobs/indexedDbBlobStore.ts';
import { inspectDevice } from './device/inspectDevice.ts';
import { nextDevice, type DeviceMode } from './device/deviceMode.ts';
import { storageOf } from './settings/storageOf.ts';
import { takeTabIdentity, type TabIdentity } from './settings/tabIdentity.ts';
import { describeBrowser, TabSettingsStore, type TabSettings } from './settings/tabSettings.ts';
import type { Problem, TabSnapshot } from './snapshot.ts';
import { SnapshotStore } from './SnapshotStore.ts';
import { stayAlive } from './stay-alive/stayAlive.ts';
import { pagePresence, watchPage } from './stay-alive/watchPage.ts';
import type { TabWorker, TabWorkerOptions } from './TabWorker.ts';

const offline: TabSnapshot['hub'] = { state: 'offline', reason: undefined };
/** How long answers under way may take to end before a tab that pauses leaves all the same. */
const drainMs = 60_000;

/** Makes the tab's worker; it inspects the device at once, and starts by itself if it was contributing before a reload. */
export function createTabWorker(options: TabWorkerOptions = {}): TabWorker {
  return new Tab(options);
}

class Tab implements TabWorker {
  readonly #hubUrl: string;
  readonly #options: TabWorkerOptions;
  readonly #settings: TabSettingsStore;
  readonly #view: SnapshotStore;
  readonly #closed = new AbortController();
  readonly #stayAlive = stayAlive((change) => this.#showStayAlive(change));
  readonly #inspected: Promise<void>;
  #identity: TabIdentity | undefined;
  #run: TabRun | undefined;
  /** Ends the wait for answers under way. */
  #hurry: (() => void) | undefined;
  #losses = 0;
  #mode: DeviceMode = 'wasm';
  /** Commands run one after the other. */
  #commands: Promise<void> = Promise.resolve();

  constructor(options: TabWorkerOptions) {
    this.#options = options;
    this.#hubUrl = new URL(options.hubUrl ?? location.origin).origin;
    this.#settings = new TabSettingsStore(storageOf('localStorage'), describeBrowser(navigator.userAgent));
    if (options.token) this.#settings.keepToken(this.#hubUrl, options.token);
    this.#view = new SnapshotStore(this.#settings.settings);
    watchPage(
      {
        onPresence: (presence) => {
          if (presence !== 'frozen') this.#showStayAlive({ visibility: presence });
          this.#run?.setPresence(presence);
        },
        onWake: () => this.#run?.wake(),
        onGone: () => this.#run?.sayGoodbye('its page was left'),
      },
      this.#closed.signal,
    );
    this.#inspected = this.#inspect();
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
    if (this.#run) this.#stayAlive.want(this.#settings.settings);
  }

  useToken(token: string): void {
    this.#settings.keepToken(this.#hubUrl, token);
    void this.#command(async () => {
      if (this.snapshot.state === 'refused') this.#view.set({ state: 'idle', problem: undefined });
    });
  }

  start(): Promise<void> {
    return this.#command(async () => {
      if (this.#run) return;
      this.#losses = 0;
      await this.#begin(this.#wantedMode());
    });
  }

  pause(): Promise<void> {
    return this.#command(async () => {
      const run = this.#run;
      if (!run) return;
      if (this.#identity) this.#identity.was = 'paused';
      await this.#drained(run);
      await this.#end('paused', 'paused');
    });
  }

  resume(): Promise<void> {
    return this.start();
  }

  leave(): Promise<void> {
    this.#hurry?.();
    return this.#command(async () => {
      if (this.#identity) this.#identity.was = 'idle';
      if (this.#run) await this.#end('idle', 'left');
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
      if (this.#run) await this.#end('idle', 'closed');
      this.#closed.abort();
      this.#identity?.release();
    });
  }

  async #inspect(): Promise<void> {
    const [offer, identity] = await Promise.all([
      inspectDevice(),
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

  #wantedMode(): DeviceMode {
    const { offer, settings } = this.snapshot;
    return settings.device === 'auto' && offer?.kind === 'webgpu' ? 'webgpu' : 'wasm';
  }

  /** Starts on the backend, or on the processor where the GPU does not do. */
  async #begin(mode: DeviceMode): Promise<void> {
    this.#mode = mode;
    const { offer } = this.snapshot;
    const identity = this.#identity;
    const token = this.#settings.tokenFor(this.#hubUrl);
    if (!offer || !identity) return;
    if (token === undefined) {
      this.#fail('refused', {
        message: 'A join token is missing.',
        advice: 'Open the join link that the hub shows; it carries the token.',
      });
      return;
    }
    this.#view.set({
      state: 'starting',
      hub: { state: 'connecting', reason: undefined },
      stages: [],
      peers: [],
      cache: { ...this.snapshot.cache, inMemory: false },
    });
    const { settings } = this.snapshot;
    try {
      this.#run = await startTabRun({
        hubUrl: this.#hubUrl,
        token,
        workerId: identity.workerId,
        name: identity.slot === 0 ? settings.name : `${settings.name} (${identity.slot + 1})`,
        backend: mode === 'wasm' ? 'wasm' : 'webgpu',
        subgroups: mode === 'webgpu',
        wasmThreads: offer.processor.wasmThreads,
        memoryBytes: settings.memoryBytes ?? offer.memory.suggestedBytes,
        handOver: this.#options.handOverChannels ?? true,
        onEvent: (event) => this.#take(event),
      });
    } catch (error) {
      const reason = messageOf(error);
      if (mode !== 'wasm') return this.#fallBack(reason, 'wasm');
      this.#fail('failed', {
        message: `This browser can't run models: ${reason}`,
        advice: 'Reload the page; if it stays so, update the browser or try another one.',
      });
      return;
    }
    identity.was = 'contributing';
    this.#view.set({ state: 'contributing', device: this.#run.device });
    if (mode !== 'wasm' || this.#wantedMode() === 'wasm') this.#view.set({ problem: undefined });
    this.#run.setPresence(pagePresence());
    this.#stayAlive.want(settings);
    void (navigator as { storage?: StorageManager }).storage?.persist?.().catch(() => undefined);
  }

  /** Goes on as what the tab still can be. */
  async #fallBack(reason: string, mode: DeviceMode): Promise<void> {
    if (mode === 'wasm') {
      this.#view.log('warning', `the GPU is not used: ${reason}`);
      this.#view.set({
        problem: {
          message: `The GPU is not used: ${reason}.`,
          advice: 'The processor goes on in its place. Pause and resume to try the GPU again.',
        },
      });
    }
    await this.#begin(mode);
  }

  async #end(state: 'paused' | 'idle', reason: string): Promise<void> {
    const run = this.#run;
    if (!run) return;
    this.#run = undefined;
    await run.stop(reason);
    this.#stayAlive.letGo();
    await this.#countCache();
    this.#view.set({ state, problem: undefined, hub: offline, stages: [], peers: [] });
  }

  /** Resolves when the hub has nothing more for this tab, the time is over, or somebody is in a hurry. */
  async #drained(run: TabRun): Promise<void> {
    const hurry = new Promise<void>((resolve) => (this.#hurry = resolve));
    const timer = setTimeout(() => this.#hurry?.(), drainMs);
    await Promise.race([run.drain(), hurry]);
    clearTimeout(timer);
    this.#hurry = undefined;
  }

  #take(event: TabAgentEvent): void {
    if (event.type === 'device-lost' || event.type === 'wrong-answers') {
      void this.#command(() => this.#recover(event.reason, event.type === 'wrong-answers'));
      return;
    }
    if (event.type === 'refused') {
      void this.#command(async () => {
        await this.#end('idle', 'refused');
        this.#fail('refused', {
          message: `The hub does not take this tab: ${event.reason}`,
          advice: 'Open a fresh join link from the hub.',
        });
      });
      return;
    }
    this.#view.replace(applyAgentEvent(this.snapshot, event));
    if (event.type === 'stage' && event.report.state === 'compiling') void this.#countCache();
  }

  /** The device is gone, or not to be trusted. */
  async #recover(reason: string, isWrong: boolean): Promise<void> {
    const run = this.#run;
    if (!run) return;
    this.#run = undefined;
    const what = `${run.device.description}: ${reason}`;
    this.#view.log('error', what);
    await run.stop(what);
    const mode = nextDevice(this.#mode, isWrong, ++this.#losses);
    if (mode !== undefined && mode !== this.#mode) return this.#fallBack(reason, mode);
    if (mode !== undefined) {
      await this.#begin(mode);
      // Where it fell back meanwhile, that is what matters.
      if (!this.#run || this.#mode !== mode) return;
      const advice = 'If that happens often, give it less memory.';
      return this.#view.set({ problem: { message: `It had to be started again: ${reason}.`, advice } });
    }
    this.#fail('failed', {
      message: `The runtime broke again and again: ${reason}`,
      advice: 'Give it less memory, then start again.',
    });
  }

  async #countCache(): Promise<void> {
    const counted = await countWeights();
    this.#view.set({ cache: { ...this.snapshot.cache, ...counted } });
  }

  #fail(state: 'refused' | 'failed', problem: Problem): void {
    this.#view.log('error', problem.message);
    if (this.#identity) this.#identity.was = 'idle';
    this.#stayAlive.letGo();
    this.#view.set({ state, problem, hub: offline, stages: [], peers: [] });
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
