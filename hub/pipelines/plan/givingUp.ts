/** Which pipelines are over? */
import { hubText } from '@potluck/api/hub-texts';
import type { PipelineState } from '../state/state.ts';
import { stagesOf } from '../state/state.ts';
import type { Command } from '../state/commands.ts';
import type { Context } from './context.ts';

/** A stage lost its worker, or the worker its stage. */
export function giveUpWhatLostAStage(one: PipelineState): Command | undefined {
  const lost = stagesOf(one).find((stage) => stage.lost !== undefined)?.lost;
  return lost === undefined ? undefined : giveUp(one, lost, { keepsStages: true });
}

/** A worker that stops to report, without closing its socket, must not hold the model up for ever. */
export function giveUpWhatStalls(one: PipelineState, { state, now }: Context): Command | undefined {
  const { phase } = one;
  if (phase.type !== 'loading' || now < phase.deadline) return undefined;
  const reason = hubText('no-progress', { milliseconds: state.settings.stageDeadlineMs });
  const silent = phase.pipeline.stages.filter(({ state }) => state !== 'ready');
  return giveUp(one, reason, {
    keepsStages: true,
    quarantine: silent.map((stage) => ({
      workerId: stage.workerId,
      reason: `${reason} while ${stage.state}`,
    })),
  });
}

/** It is to be placed anew, and no answer keeps it from that. */
export function giveUpRetiring(one: PipelineState): Command | undefined {
  const { retiring, answers, phase } = one;
  if (!retiring) return undefined;
  if (retiring.when === 'idle' && answers > 0 && phase.type === 'serving') return undefined;
  return giveUp(one, retiring.reason, { keepsStages: false });
}

function giveUp(
  { id: pipelineId }: PipelineState,
  reason: string,
  how: Pick<Extract<Command, { type: 'give-up' }>, 'keepsStages'> &
    Partial<Extract<Command, { type: 'give-up' }>>,
): Command {
  return { type: 'give-up', pipelineId, reason, quarantine: [], ...how };
}
