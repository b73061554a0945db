/** The tab as its page sees it: what it is asked to do, and what it does by itself when something is lost. */
import { InstanceId, workerGoodbyePath } from '@potluck/protocol';
import { messageOf } from '@potluck/worker';
import { uuidv4 } from 'uuidv7';
import type { TabAgentEvent } from './agent/agentApi.ts';
import { startTabRun, type TabRun } from './agent/startTabRun.ts';
import { throttle } from './agent/throttle.ts';
import { applyAgentEvent, withEvent } from './applyAgentEvent.ts';
import { indexedDbBlobStore } from './blobs/indexedDbBlobStore.ts';
import { inspectDevice } from './device/inspectDevice.ts';
import { nextDevice, type DeviceMode } from './device/deviceMode.ts';
import { takeTabIdentity, type TabIdentity } from './settings/tabIdentity.ts';
import { describeBrowser, TabSettingsStore, type TabSettings } from './settings/tabSettings.ts';
import type { Problem, TabSnapshot } from './snapshot.ts';
import { quietTone } from './stay-alive/quietTone.ts';
import { screenWakeLock } from './stay-alive/screenWakeLock.ts';
import { pagePresence, watchPage } from './stay-alive/watchPage.ts';

export interface TabWorkerOptions {
  /** Default: where the page comes from. */
  hubUrl?: string;
  /** Join token, as the join link carries it. Default: the one that this hub took last. */
  token?: string;
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
  /** Deletes the weights kept in this browser. Stages that run go on. */
  forgetWeights(): Promise<void>;
  /** Ends the worker as closing the tab does: a page that is opened again goes on. */
  close(): Promise<void>;
}

/** How often the page is told, in milliseconds. */
const tellEveryMs = 50;
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
  readonly #listeners = new Set<(snapshot: TabSnapshot) => void>();
  readonly #closed = new AbortController();
  readonly #tone = quietTone((plays) => this.#stayAlive({ quietTone: plays }));
  readonly #wakeLock = screenWakeLock((wakeLock) => this.#stayAlive({ wakeLock }));
  readonly #inspected: Promise<void>;
  #snapshot: TabSnapshot;
  #identity: TabIdentity | undefined;
  #run: TabRun | undefined;
  #instanceId: InstanceId | undefined;
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
    this.#snapshot = {
      state: 'inspecting',
      problem: undefined,
      workerId: undefined,
      settings: this.#settings.settings,
      offer: undefined,
      device: undefined,
      hub: { state: 'offline', reason: undefined },
      stages: [],
      peers: [],
      served: { tokens: 0, steps: 0, tokensPerSecond: 0, openSessions: 0 },
      cache: { bytes: 0, blobs: 0, inMemory: false },
      stayAlive: { visibility: pagePresence(), wakeLock: false, quietTone: false },
      events: [],
    };
    watchPage(
      {
        onPresence: (presence) => {
          if (presence !== 'frozen') this.#stayAlive({ visibility: presence });
          this.#run?.setPresence(presence);
        },
        onWake: () => this.#run?.wake(),
        onGone: () => this.#sayGoodbye(),
      },
      this.#closed.signal,
    );
    this.#inspected = this.#inspect();
  }

  get snapshot(): TabSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: (snapshot: TabSnapshot) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#snapshot);
    return () => this.#listeners.delete(listener);
  }

  change(settings: Partial<TabSettings>): void {
    this.#settings.change(settings);
    this.#set({ settings: this.#settings.settings });
    if (this.#run) this.#keepAwake();
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
      if (this.#identity) this.#identity.contributing = false;
      if (this.#run) await this.#end('idle', 'left');
      else if (this.#snapshot.offer) this.#set({ state: 'idle', problem: undefined });
    });
  }

  forgetWeights(): Promise<void> {
    return this.#command(async () => {
      await indexedDbBlobStore().clear();
      await this.#countCache();
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
    this.#set({ state: 'idle', offer, workerId: identity.workerId });
    if (identity.contributing) void this.start();
  }

  #wantedMode(): DeviceMode {
    const { offer, settings } = this.#snapshot;
    return settings.device === 'auto' && offer?.kind === 'webgpu' ? 'webgpu' : 'wasm';
  }

  /** Starts on the backend, or on the processor where the GPU does not do. */
  async #begin(mode: DeviceMode): Promise<void> {
    this.#mode = mode;
    const { offer } = this.#snapshot;
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
    this.#set({
      state: 'starting',
      hub: { state: 'connecting', reason: undefined },
      stages: [],
      peers: [],
      cache: { ...this.#snapshot.cache, inMemory: false },
    });
    const { settings } = this.#snapshot;
    this.#instanceId = InstanceId.parse(uuidv4());
    try {
      this.#run = await startTabRun({
        hubUrl: this.#hubUrl,
        token,
        workerId: identity.workerId,
        instanceId: this.#instanceId,
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
    identity.contributing = true;
    this.#set({ state: 'contributing', device: this.#run.device });
    if (mode !== 'wasm' || this.#wantedMode() === 'wasm') this.#set({ problem: undefined });
    this.#run.setPresence(pagePresence());
    this.#keepAwake();
    void (navigator as { storage?: StorageManager }).storage?.persist?.().catch(() => undefined);
  }

  /** Goes on as what the tab still can be. */
  async #fallBack(reason: string, mode: DeviceMode): Promise<void> {
    if (mode === 'wasm') {
      this.#log('warning', `the GPU is not used: ${reason}`);
      this.#set({
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
    this.#tone.want(false);
    this.#wakeLock.want(false);
    await this.#countCache();
    this.#set({
      state,
      problem: undefined,
      hub: { state: 'offline', reason: undefined },
      stages: [],
      peers: [],
    });
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
    this.#replace(applyAgentEvent(this.#snapshot, event));
    if (event.type === 'stage' && event.report.state === 'compiling') void this.#countCache();
  }

  /** The device is gone, or not to be trusted. */
  async #recover(reason: string, isWrong: boolean): Promise<void> {
    const run = this.#run;
    if (!run) return;
    this.#run = undefined;
    this.#log('error', `${run.device.description}: ${reason}`);
    await run.stop(`${run.device.description}: ${reason}`);
    const mode = nextDevice(this.#mode, isWrong, ++this.#losses);
    if (mode !== undefined) return mode === this.#mode ? this.#begin(mode) : this.#fallBack(reason, mode);
    this.#fail('failed', {
      message: `The runtime broke again and again: ${reason}`,
      advice: 'Give it less memory, then start again.',
    });
  }

  #keepAwake(): void {
    const { keepScreenOn, quietTone: wantsTone } = this.#snapshot.settings;
    this.#wakeLock.want(keepScreenOn);
    this.#tone.want(wantsTone);
  }

  /** The agent may not live long enough to say it. */
  #sayGoodbye(): void {
    const token = this.#settings.tokenFor(this.#hubUrl);
    const { workerId } = this.#snapshot;
    if (!this.#run || !token || !workerId || !this.#instanceId) return;
    const goodbye = { token, workerId, instanceId: this.#instanceId, reason: 'its page was left' };
    navigator.sendBeacon(new URL(workerGoodbyePath, this.#hubUrl), JSON.stringify(goodbye));
  }

  async #countCache(): Promise<void> {
    try {
      this.#set({ cache: { ...this.#snapshot.cache, ...(await indexedDbBlobStore().usage()) } });
    } catch {
      this.#set({ cache: { bytes: 0, blobs: 0, inMemory: true } });
    }
  }

  #fail(state: 'refused' | 'failed', problem: Problem): void {
    this.#log('error', problem.message);
    if (this.#identity) this.#identity.contributing = false;
    this.#set({ state, problem, hub: { state: 'offline', reason: undefined } });
  }

  #stayAlive(change: Partial<TabSnapshot['stayAlive']>): void {
    this.#set({ stayAlive: { ...this.#snapshot.stayAlive, ...change } });
  }

  #log(level: 'info' | 'warning' | 'error', text: string): void {
    this.#replace(withEvent(this.#snapshot, { at: Date.now(), level, text }));
  }

  #set(change: Partial<TabSnapshot>): void {
    this.#replace({ ...this.#snapshot, ...change });
  }

  #replace(snapshot: TabSnapshot): void {
    this.#snapshot = snapshot;
    this.#tell();
  }

  readonly #tell = throttle(tellEveryMs, () => {
    for (const listener of [...this.#listeners]) listener(this.#snapshot);
  });

  /** One after the other, each once the device was inspected. */
  #command(act: () => Promise<void>): Promise<void> {
    this.#commands = this.#commands.then(async () => {
      await this.#inspected;
      await act();
    });
    this.#commands = this.#commands.catch((error: unknown) => this.#log('error', messageOf(error)));
    return this.#commands;
  }
}

/** Storage may be forbidden: then asking for it throws. */
function storageOf(name: 'localStorage' | 'sessionStorage'): Storage | undefined {
  try {
    return globalThis[name];
  } catch {
    return undefined;
  }
}
