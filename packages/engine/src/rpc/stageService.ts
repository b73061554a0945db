/** The served end of the RPC: stages for callers in another thread. It knows no verb of a stage by name but `step`, for its buffers. */
import type { Stage, StageArtifact, StageVerb, StepResult } from '../contract/stage.ts';
import { boundaryBuffers } from './buffers.ts';
import './comlinkErrors.ts';
import { serveOver } from './lane.ts';

/** What is known of a stage when it is loaded. */
export type StageFacts = Pick<Stage, 'cacheBytes' | 'stepShape'>;

/** What is exposed through Comlink. */
export interface StageService {
  /** @param lane over which all verbs of the stage are called (`lane.ts`) */
  load(artifact: StageArtifact, cacheBytes: number, lane: MessagePort): Promise<StageFacts>;
}

/** @param load loads a stage in this thread, such as `createStage` */
export function stageService(
  load: (artifact: StageArtifact, cacheBytes: number) => Promise<Stage>,
): StageService {
  return {
    async load(artifact, cacheBytes, lane) {
      const stage = await load(artifact, cacheBytes);
      serveOver(
        lane,
        (verb, args) =>
          (stage[verb as StageVerb] as (...args: readonly unknown[]) => Promise<unknown>)(...args),
        (verb, result) => (verb === 'step' ? boundaryBuffers(result as StepResult) : []),
      );
      const { cacheBytes: left, stepShape } = stage;
      return { cacheBytes: left, stepShape };
    },
  };
}
