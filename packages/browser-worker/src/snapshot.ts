/** What a tab that is a worker tells its page: plain values, replaced as a whole at every change. */
import type { CandidatePair, Device, Sha256, StageState, WorkerId } from '@potluck/protocol';
import type { PauseReason } from './policies/whyPause.ts';
import type { TabSettings } from './settings/tabSettings.ts';

/**
 * What the tab does.
 * - `inspecting`: looks at the device; follows `createTabWorker` at once;
 * - `idle`: offers the device and waits for `start`;
 * - `starting`: loads the runtime and tests it;
 * - `contributing`: joined, or on its way back to the hub (see `hub`);
 * - `paused`: has left the hub until `resume`; a reload changes nothing;
 * - `refused`: the hub does not take this worker; `problem` says why;
 * - `failed`: nothing on this device computes right, or the runtime could not be loaded; `problem` says what to do.
 */
export type TabState = 'inspecting' | 'idle' | 'starting' | 'contributing' | 'paused' | 'refused' | 'failed';

/** Something that a person should know, and what can be done about it. */
export interface Problem {
  message: string;
  advice?: string;
}

/** What kind of GPU it is, as far as browsers tell: decides the suggested memory. */
export type GpuClass = 'discrete' | 'integrated' | 'software' | 'unknown';

/** The device as the browser shows it, before anything is loaded. */
export interface DeviceOffer {
  /** What `auto` computes with here. */
  kind: 'webgpu' | 'wasm';
  /** Undefined where the browser offers no WebGPU adapter. */
  gpu: { name: string; class: GpuClass; float16: boolean; maxBufferBytes: number } | undefined;
  /** Why there is no WebGPU here. */
  withoutGpu: Problem | undefined;
  processor: {
    threads: number;
    /** Threads that wasm may use: 1 where the page is not isolated. */ wasmThreads: number;
  };
  /** False on `http://<LAN address>`: no WebGPU there, see `withoutGpu`. */
  secureContext: boolean;
  crossOriginIsolated: boolean;
  memory: { suggestedBytes: number; leastBytes: number; mostBytes: number };
  /** Undefined where the browser does not tell. */
  storage: { usedBytes: number; quotaBytes: number; persistent: boolean } | undefined;
}

/** The connection to the hub. */
export interface HubView {
  state: 'offline' | 'connecting' | 'joined' | 'lost';
  /** Why, where it is lost or was refused for now. */
  reason: string | undefined;
  /** True where the operator must approve this device before it gets anything to do. */
  waitsForApproval?: boolean;
}

/** One blob of weights (or the graph, which comes first). */
export interface PackView {
  sha256: Sha256;
  sizeBytes: number;
  /** Equal to `sizeBytes` when it is there. */
  doneBytes: number;
  /** True where it was in this browser already. */
  cached: boolean;
}

/** A stage: the layers that this tab holds, or is about to hold. */
export interface StageView {
  assignmentId: string;
  model: string;
  /** Inclusive, counted from 0. */
  firstLayer: number;
  lastLayer: number;
  /** Layers of the whole model. */
  layerCount: number;
  /** Place in the pipeline, counted from 0, of `stageCount`. */
  stageIndex: number;
  stageCount: number;
  state: StageState;
  reason: string | undefined;
  weightBytes: number;
  packs: PackView[];
  /** Sums over `packs`. */
  doneBytes: number;
  totalBytes: number;
}

/** One worker that this one exchanges activations with. */
export interface PeerView {
  workerId: WorkerId;
  state: 'connecting' | 'direct' | 'relayed' | 'lost';
  reason: string | undefined;
  /** Undefined until it was measured. */
  roundTripMs: number | undefined;
  /** Between which addresses a direct connection runs; undefined until the browser tells. */
  candidatePair: CandidatePair | undefined;
}

/** What this tab has done since it was opened. */
export interface ServedView {
  /** Tokens that went through this tab's layers, prompts included. */
  tokens: number;
  /** Steps: one for each token of an answer, one for each chunk of a prompt. */
  steps: number;
  /** Tokens a second over the last seconds with work; 0 before the first step. */
  tokensPerSecond: number;
  /** Answers and texts that this tab took part in. */
  answers: number;
  /** Bytes that came from and went to the stages beside this one. */
  bytes: number;
  /** Sessions that are open now. */
  openSessions: number;
}

/** What keeps the tab at work when nobody looks. */
export interface StayAliveView {
  visibility: 'visible' | 'hidden';
  wakeLock: boolean;
  quietTone: boolean;
}

/** A line for the page's log. */
export interface TabEvent {
  /** Unix time in milliseconds. */
  at: number;
  level: 'info' | 'warning' | 'error';
  text: string;
}

/** Everything at one moment. */
export interface TabSnapshot {
  state: TabState;
  /** Why it is `paused`, where it paused by itself and goes on by itself. */
  pausedBecause?: PauseReason | undefined;
  /** The last thing that went wrong and still matters. */
  problem: Problem | undefined;
  /** Undefined while `inspecting`. */
  workerId: WorkerId | undefined;
  settings: TabSettings;
  /** True where a join token of this hub is kept: of a link, or of the time before. */
  hasToken: boolean;
  /** Undefined while `inspecting`. */
  offer: DeviceOffer | undefined;
  /** What it computes with; undefined before it was started and tested. */
  device: Device | undefined;
  hub: HubView;
  stages: StageView[];
  peers: PeerView[];
  served: ServedView;
  /** Weights kept in this browser. `inMemory` where the storage is full or absent: fetched again after a reload. */
  cache: { bytes: number; blobs: number; inMemory: boolean };
  stayAlive: StayAliveView;
  /** The newest last, at most 100. */
  events: readonly TabEvent[];
}
