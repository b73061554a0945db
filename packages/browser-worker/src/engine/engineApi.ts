/** What the engine's web worker offers to the agent's; called through Comlink. */
import type { StageService } from '@potluck/engine/rpc';
import type { Device } from '@potluck/protocol';
import type { Backend } from './loadRuntime.ts';

export interface EngineInit {
  backend: Backend;
  wasmThreads: number;
  /** False for a GPU whose subgroups compute wrong. */
  subgroups: boolean;
}

export interface EngineApi extends StageService {
  /** Loads the runtime and the device, and computes something known on it. @throws if that fails */
  start(init: EngineInit): Promise<Device>;
  /** Resolves with the reason when the device is gone; then nothing works any more. */
  lost(): Promise<string>;
}
