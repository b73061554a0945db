/** What the event loop's thread and the engine's thread tell each other. Buffers are transferred, not copied. */
import type { OpenCacheRequest, StageArtifact, StageStepRequest } from '@potluck/worker';

/** Given to the thread as it starts. */
export interface EngineThreadInit {
  provider: 'cpu' | 'webgpu' | 'cuda';
  threads: number | undefined;
}

export type EngineCall =
  | { call: 'load'; artifact: StageArtifact; cacheBytes: number }
  | { call: 'warmUp' }
  | { call: 'open'; request: OpenCacheRequest }
  | { call: 'step'; request: StageStepRequest }
  | { call: 'release'; cacheId: string }
  | { call: 'unload' };

/** A call of one stage. */
export type EngineRequest = EngineCall & { id: number; stageId: number };

export type EngineResponse =
  | { id: number; ok: true; value: unknown }
  | { id: number; ok: false; error: { name: string; message: string; code?: unknown } };

/** The buffers under some views, each once. */
export function buffersOf(views: Iterable<Uint8Array | Blob>): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const view of views) {
    if (ArrayBuffer.isView(view) && view.buffer instanceof ArrayBuffer) buffers.add(view.buffer);
  }
  return [...buffers];
}
