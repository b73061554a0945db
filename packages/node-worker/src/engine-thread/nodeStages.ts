/** Loads stages into the thread that this is called in, with onnxruntime-node. */
import { createStage, RunQueue, type Stage, type StageArtifact } from '@potluck/engine';
import { artifactBuffers } from '@potluck/engine/rpc';
import * as ort from 'onnxruntime-node';
import { nodeConstraints } from './nodeConstraints.ts';

export interface NodeStagesInit {
  provider: 'cpu' | 'webgpu' | 'cuda';
  /** Threads inside one operator; ONNX Runtime's own choice where undefined. */
  threads: number | undefined;
}

/** All stages that one call's result loads share a queue. */
export function nodeStages({
  provider,
  threads,
}: NodeStagesInit): (artifact: StageArtifact, cacheBytes: number) => Promise<Stage> {
  const queue = new RunQueue();
  const constraints = nodeConstraints();
  return async (artifact, cacheBytes) => {
    const stage = await createStage(ort, artifact, {
      executionProviders: [provider],
      cacheStrategy: provider === 'cpu' ? 'rows' : 'growing',
      cacheBytes,
      queue,
      constraints,
      ...(threads !== undefined && { threads }),
    });
    // ONNX Runtime has its own copy now: give these back at once, not when the collector comes by.
    for (const buffer of artifactBuffers(artifact)) buffer.transfer(0);
    return stage;
  };
}
