/** The engine's end of a thread: serves stages to the thread that started it, until that one asks it to end. */
import { parentPort, type MessagePort } from 'node:worker_threads';
import type { Stage, StageArtifact } from '@potluck/engine';
import { stageService, type StageService } from '@potluck/engine/rpc';
import { expose } from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';

/** What is exposed to the thread that started this one. */
export interface ThreadService extends StageService {
  /** Ends the thread once the call of ONNX Runtime that runs is over. Nothing answers. */
  end(): void;
}

/** @param load loads a stage in this thread */
export function serveStages(load: (artifact: StageArtifact, cacheBytes: number) => Promise<Stage>): void {
  const service: ThreadService = { ...stageService(load), end: () => process.exit() };
  expose(service, nodeEndpoint(parentPort as MessagePort));
}
