/** The served end of the RPC: stages for callers in another thread. It knows no verb of a stage by name but `step`, for its buffers. */
import { transfer } from 'comlink';
import type { Stage, StageArtifact, StageVerb, StepResult } from '../contract/stage.ts';
import { StageGoneError } from '../errors.ts';
import { boundaryBuffers } from './buffers.ts';
import './comlinkErrors.ts';

/** What is known of a stage when it is loaded. */
export type StageFacts = Pick<Stage, 'cacheBytes' | 'stepShape'>;

/** What is exposed through Comlink. The caller numbers the stages. */
export interface StageService {
  load(stageId: number, artifact: StageArtifact, cacheBytes: number): Promise<StageFacts>;
  /** Calls a verb of a stage. @throws what the stage throws; StageGoneError where there is none */
  call(stageId: number, verb: StageVerb, args: readonly unknown[]): Promise<unknown>;
}

/** @param load loads a stage in this thread, such as `createStage` */
export function stageService(
  load: (artifact: StageArtifact, cacheBytes: number) => Promise<Stage>,
): StageService {
  const stages = new Map<number, Stage>();
  return {
    async load(stageId, artifact, cacheBytes) {
      const stage = await load(artifact, cacheBytes);
      stages.set(stageId, stage);
      const { cacheBytes: left, stepShape } = stage;
      return { cacheBytes: left, stepShape };
    },
    async call(stageId, verb, args) {
      const stage = stages.get(stageId);
      if (!stage) throw new StageGoneError('The stage is not loaded');
      if (verb === 'dispose') stages.delete(stageId);
      const result = await (stage[verb] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
      return verb === 'step' ? transfer(result as StepResult, boundaryBuffers(result as StepResult)) : result;
    },
  };
}
