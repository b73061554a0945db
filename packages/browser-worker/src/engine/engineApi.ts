/** What the engine's web worker offers to the agent's; called through Comlink. Buffers in arguments may be transferred. */
import type { Device } from '@potluck/protocol';
import type { OpenCacheRequest, StageArtifact, StageStepRequest, StageStepResult } from '@potluck/worker';
import type { Backend } from './loadRuntime.ts';

export interface EngineInit {
  backend: Backend;
  wasmThreads: number;
  /** False for a GPU whose subgroups compute wrong. */
  subgroups: boolean;
}

/** Stages are named by numbers that the caller gives. Errors carry a `code` of `SessionErrorCode` where one fits. */
export interface EngineApi {
  /** Loads the runtime and the device, and computes something known on it. @throws if that fails */
  start(init: EngineInit): Promise<Device>;
  /** Resolves with the reason when the device is gone; then nothing works any more. */
  lost(): Promise<string>;
  /** @returns what caches may take of `cacheBytes`: unpacked weights may have taken the rest */
  load(stageId: number, artifact: StageArtifact, cacheBytes: number): Promise<number>;
  warmUp(stageId: number): Promise<void>;
  open(stageId: number, request: OpenCacheRequest): Promise<void>;
  step(stageId: number, request: StageStepRequest): Promise<StageStepResult>;
  release(stageId: number, cacheId: string): Promise<void>;
  unload(stageId: number): Promise<void>;
}
