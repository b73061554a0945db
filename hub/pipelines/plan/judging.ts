/** Did the last move pay? */
import { leastAnswers, measuredSince } from '../../placement/prediction/measuredSince.ts';
import type { Command } from '../state/commands.ts';
import { stagesOf, type PipelineState } from '../state/state.ts';
import { outcomeOf } from '../state/weighed.ts';
import type { Context } from './context.ts';

/** Asked once answers enough have run where it moved to be faster. */
export function judgeMove(one: PipelineState, { grid }: Context): Command | undefined {
  const { phase, weighed, tokens, model, id: pipelineId } = one;
  const { promise } = weighed ?? {};
  if (phase.type !== 'serving' || promise?.since === undefined || tokens < leastAnswers) return undefined;
  const { since } = promise;
  const measuredMs = measuredSince(model.package, stagesOf(one), { grid: grid.view, since });
  if (measuredMs === undefined) return undefined;
  return { type: 'judge-move', pipelineId, outcome: outcomeOf(promise, measuredMs) };
}
