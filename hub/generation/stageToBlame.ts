/** Which stage holds up an answer to which no token comes any more? */
import type { AssignmentId, StageTimings } from '@potluck/protocol';

/**
 * @param stages in the order of the pipeline, at least one
 * @param timings what the stages told when they closed the session
 * @returns a stage that told nothing; else the first one that has run fewer tokens than the one before it, so that the
 *   step it got is outstanding; else the first stage, which is to begin the next step
 */
export function stageToBlame<Stage extends { assignmentId: AssignmentId }>(
  stages: readonly Stage[],
  timings: ReadonlyMap<AssignmentId, Pick<StageTimings, 'tokens'>>,
): Stage | undefined {
  const tokensOf = (stage: Stage | undefined): number | undefined =>
    stage && timings.get(stage.assignmentId)?.tokens;
  return (
    stages.find((stage) => tokensOf(stage) === undefined) ??
    stages.find((stage, index) => (tokensOf(stage) ?? 0) < (tokensOf(stages[index - 1]) ?? 0)) ??
    stages[0]
  );
}
