/** What the tab contributes: a run of the agent on one device, and on the next one where that is lost. */
import type { RefusalCode } from '@potluck/protocol';
import { messageOf } from '@potluck/worker';
import type { TabAgentEvent } from './agent/agentApi.ts';
import { startTabRun, type TabRun } from './agent/startTabRun.ts';
import { applyAgentEvent } from './applyAgentEvent.ts';
import { nextDevice, type DeviceMode } from './device/deviceMode.ts';
import { lossCounter } from './device/lossCounter.ts';
import type { TabIdentity } from './settings/tabIdentity.ts';
import type { TabSettingsStore } from './settings/tabSettings.ts';
import type { Problem, TabSnapshot } from './snapshot.ts';
import type { SnapshotStore } from './snapshotStore.ts';
import type { StayAlive } from './stay-alive/stayAlive.ts';
import { pagePresence } from './stay-alive/watchPage.ts';

const offline: TabSnapshot['hub'] = { state: 'offline', reason: undefined };

export interface ContributionComponents {
  view: SnapshotStore;
  settings: TabSettingsStore;
  stayAlive: StayAlive;
  /** Runs something when the commands before it have ended. */
  command: (act: () => Promise<void>) => Promise<void>;
  /** Shows what is kept in this browser. */
  countCache: () => Promise<void>;
}

export interface ContributionInit {
  hubUrl: string;
  /** False keeps data channels in the page. */
  handOver: boolean;
}

export class Contribution {
  readonly #components: ContributionComponents;
  readonly #init: ContributionInit;
  readonly #losses = lossCounter();
  #identity: TabIdentity | undefined;
  #run: TabRun | undefined;
  /** Counts runs, so that what a former one tells late is not taken for the present one's. */
  #runs = 0;
  #mode: DeviceMode = 'wasm';

  constructor(components: ContributionComponents, init: ContributionInit) {
    this.#components = components;
    this.#init = init;
  }

  /** Undefined where the tab does not contribute. */
  get run(): TabRun | undefined {
    return this.#run;
  }

  /** Starts on the best device that is wanted. */
  async start(identity: TabIdentity): Promise<void> {
    this.#identity = identity;
    this.#losses.reset();
    await this.#begin(this.#wantedMode());
  }

  /** Leaves the hub. */
  async end(state: 'paused' | 'idle', reason: string): Promise<void> {
    const run = this.#run;
    if (!run) return;
    const { view, stayAlive, countCache } = this.#components;
    this.#run = undefined;
    await run.stop(reason);
    stayAlive.letGo();
    await countCache();
    view.set({ state, problem: undefined, hub: offline, stages: [], peers: [] });
  }

  #wantedMode(): DeviceMode {
    const { offer, settings } = this.#components.view.snapshot;
    return settings.device === 'auto' && offer?.kind === 'webgpu' ? 'webgpu' : 'wasm';
  }

  /** Starts on the device, or on the processor where the GPU does not do. */
  async #begin(mode: DeviceMode): Promise<void> {
    this.#mode = mode;
    const { view, stayAlive, settings: store } = this.#components;
    const { offer, settings, cache } = view.snapshot;
    const identity = this.#identity;
    const token = store.tokenFor(this.#init.hubUrl);
    if (!offer || !identity) return;
    if (token === undefined) {
      this.#fail('refused', {
        message: 'A join token is missing.',
        advice: 'Open the join link that the hub shows, which carries the token, or enter the token below.',
      });
      return;
    }
    view.set({
      state: 'starting',
      hub: { state: 'connecting', reason: undefined },
      stages: [],
      peers: [],
      cache: { ...cache, inMemory: false },
    });
    const number = ++this.#runs;
    try {
      this.#run = await startTabRun({
        hubUrl: this.#init.hubUrl,
        token,
        workerId: identity.workerId,
        name: identity.slot === 0 ? settings.name : `${settings.name} (${identity.slot + 1})`,
        backend: mode === 'wasm' ? 'wasm' : 'webgpu',
        subgroups: mode === 'webgpu',
        wasmThreads: offer.processor.wasmThreads,
        memoryBytes: settings.memoryBytes ?? offer.memory.suggestedBytes,
        handOver: this.#init.handOver,
        onEvent: (event) => this.#take(event, number),
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
    view.set({ state: 'contributing', device: this.#run.device });
    if (mode !== 'wasm' || this.#wantedMode() === 'wasm') view.set({ problem: undefined });
    this.#run.setPresence(pagePresence());
    stayAlive.want(view.snapshot.settings);
    void (navigator as { storage?: StorageManager }).storage?.persist?.().catch(() => undefined);
  }

  /** Goes on as what the tab still can be. */
  async #fallBack(reason: string, mode: DeviceMode): Promise<void> {
    if (mode === 'wasm') {
      this.#components.view.log('warning', `the GPU is not used: ${reason}`);
      this.#components.view.set({
        problem: {
          message: `The GPU is not used: ${reason}.`,
          advice: 'The processor goes on in its place. Pause and resume to try the GPU again.',
        },
      });
    }
    await this.#begin(mode);
  }

  #take(event: TabAgentEvent, number: number): void {
    if (number !== this.#runs) return;
    const { view, command, countCache } = this.#components;
    if (event.type === 'device-lost' || event.type === 'wrong-answers') {
      void command(() => this.#recover(event.reason, event.type === 'wrong-answers', number));
      return;
    }
    if (event.type === 'refused') {
      void command(async () => {
        if (number !== this.#runs) return;
        await this.end('idle', 'refused');
        if (event.code === 'bad-token') {
          this.#components.settings.forgetToken(this.#init.hubUrl);
          view.set({ hasToken: false });
        }
        this.#fail('refused', describeRefusal(event.reason, event.code));
      });
      return;
    }
    view.replace(applyAgentEvent(view.snapshot, event));
    if (event.type === 'stage' && event.report.state === 'compiling') void countCache();
  }

  /** The device of that run is gone, or not to be trusted. */
  async #recover(reason: string, isWrong: boolean, number: number): Promise<void> {
    const run = this.#run;
    if (!run || number !== this.#runs) return;
    const { view } = this.#components;
    this.#run = undefined;
    const what = `${run.device.description}: ${reason}`;
    view.set({ state: 'starting', stages: [], peers: [] });
    view.log('error', what);
    await run.stop(what);
    const mode = nextDevice(this.#mode, isWrong, this.#losses.add());
    if (mode !== undefined && mode !== this.#mode) return this.#fallBack(reason, mode);
    if (mode !== undefined) {
      await this.#begin(mode);
      // Where it fell back meanwhile, that is what matters.
      if (!this.#run || this.#mode !== mode) return;
      const advice = 'If that happens often, give it less memory.';
      return view.set({ problem: { message: `It had to be started again: ${reason}.`, advice } });
    }
    this.#fail('failed', {
      message: `The runtime broke again and again: ${reason}`,
      advice: 'Give it less memory, then start again.',
    });
  }

  #fail(state: 'refused' | 'failed', problem: Problem): void {
    const { view, stayAlive } = this.#components;
    view.log('error', problem.message);
    if (this.#identity) this.#identity.was = 'idle';
    stayAlive.letGo();
    view.set({ state, problem, hub: offline, stages: [], peers: [] });
  }
}

/** @param reason as the hub said it, with a point or without */
function describeRefusal(reason: string, code: RefusalCode | undefined): Problem {
  const why = reason.replace(/\.$/, '').replace(/^this node may not join: /, '');
  if (code === 'removed')
    return { message: `This device was removed from the hub: ${why}.`, advice: 'It may join again.' };
  return { message: `The hub does not take this tab: ${why}.`, ...adviceFor(code) };
}

function adviceFor(code: RefusalCode | undefined): Pick<Problem, 'advice'> {
  switch (code) {
    case 'bad-token':
      return { advice: 'Open a fresh join link of the hub, or enter another token below.' };
    case 'evicted':
      return { advice: 'Whoever runs the hub can let this device join again, on the page “Nodes”.' };
    case 'version-mismatch':
      return { advice: 'Load this page again: it then has the version of the hub.' };
    default:
      return {};
  }
}
