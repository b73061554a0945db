/** What a worker finds out about a stage that it has just loaded, before the stage serves. */
import type { LoadedStage } from '@potluck/engine';
import type { StageDescription, StageReport } from '@potluck/protocol';
import { measurePromptSteps } from './measurePromptSteps.ts';
import { measureTokenStep } from './measureTokenStep.ts';

/** The part of a stage's report that says how the stage computes, and how fast. */
export type StageTrial = Pick<StageReport, 'tokenStepMs' | 'promptSteps' | 'replay' | 'runShape'>;

/**
 * Warms the stage up, then times it.
 * @param promptTrials lengths of prompt chunks to time, in tokens
 */
export async function tryStage(
  loaded: LoadedStage,
  stage: StageDescription,
  promptTrials: readonly number[],
): Promise<StageTrial> {
  await loaded.warmUp();
  if (stage.encoding) return {};
  const tokenStepMs = await measureTokenStep(loaded, stage);
  const promptSteps = await measurePromptSteps(loaded, stage, promptTrials);
  const { replay, graph, rows } = loaded.stepShape;
  return {
    replay,
    runShape: { graph, rows },
    ...(tokenStepMs !== undefined && { tokenStepMs }),
    ...(promptSteps.length > 0 && { promptSteps }),
  };
}
