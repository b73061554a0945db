/** What is to be done next about the pipelines as they are. Pure. */
import type { PipelinesState, PipelineState } from '../state/state.ts';
import { assignWhatHasRoom, cutStages, releaseWhatNobodyWants } from './assigning.ts';
import type { Command } from '../state/commands.ts';
import type { Context } from './context.ts';
import { forgetWhatIsOver, markDrained, releaseStrays } from './ending.ts';
import { giveUpRetiring, giveUpWhatLostAStage, giveUpWhatStalls } from './givingUp.ts';
import type { Grid } from './grid.ts';
import { growCaches } from './growing.ts';
import { cutOverWhatIsLoaded, dropFailedMigration, holdRequests, preloadNewcomers } from './migrating.ts';
import { judgeMove } from './judging.ts';
import { dropWhatDoesNotPay, moveWhereItPays } from './moving.ts';
import { addReplica, dropReplica } from './replicating.ts';
import { dropStandby, preloadStandby } from './standingBy.ts';
import { placeOnMore, placeWhatIsMissing } from './placingMissing.ts';

type Question = (one: PipelineState, context: Context) => Command | undefined;

/** In this order: what frees workers comes before what needs them. */
const questions: readonly Question[] = [
  giveUpWhatLostAStage,
  giveUpWhatStalls,
  giveUpRetiring,
  dropFailedMigration,
  releaseWhatNobodyWants,
  placeWhatIsMissing,
  placeOnMore,
  cutStages,
  assignWhatHasRoom,
  dropWhatDoesNotPay,
  cutOverWhatIsLoaded,
  holdRequests,
  preloadNewcomers,
  judgeMove,
  moveWhereItPays,
  preloadStandby,
  forgetWhatIsOver,
];

/**
 * The first thing to do; the state that comes of it decides what is next. Pipelines that were deployed first come first.
 * @returns undefined where nothing is left to do until something happens, or the time of `wakeAt` comes
 */
export function plan(state: PipelinesState, grid: Grid, now: number): Command | undefined {
  const context = { state, grid, now };
  const command = releaseStrays(context) ?? markDrained(context);
  if (command) return command;
  for (const one of state.pipelines.values()) {
    for (const ask of questions) {
      const answer = ask(one, context);
      if (answer) return answer;
    }
  }
  return dropStandby(context) ?? dropReplica(context) ?? addReplica(context) ?? growCaches(context);
}
