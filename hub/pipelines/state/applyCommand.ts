/** What a decision of `plan` makes of the state. */
import { isSameRange } from '../../placement/layerRange.ts';
import type { Command, Failure } from './commands.ts';
import { newStages, type Stage, type TargetStage } from '../pipeline.ts';
import { replicaAdded, replicaDropped } from './applyDeploymentEvent.ts';
import { deadlineFrom } from './applyReport.ts';
import { givenUp, withoutMigration } from './givenUp.ts';
import { released } from './held.ts';
import { standbyAfterMs } from './migration.ts';
import { quarantined, type Quarantine } from './quarantine.ts';
import { holdersOf } from './standIns.ts';
import { stagesOf, type PipelineSettings, type PipelinesState, type PipelineState } from './state.ts';
import { onePipeline, withStages } from './update.ts';
import { judged, movedAt } from './weighed.ts';

export function applyCommand(state: PipelinesState, command: Command, at: number): PipelinesState {
  switch (command.type) {
    case 'mark-drained': {
      const draining = new Set(state.draining);
      draining.delete(command.workerId);
      return { ...state, draining };
    }
    case 'release-strays':
      return { ...state, strays: [] };
    case 'forget': {
      const pipelines = new Map(state.pipelines);
      pipelines.delete(command.pipelineId);
      return { ...state, pipelines };
    }
    case 'add-replica':
      return replicaAdded(state, command);
    case 'drop-replica':
      return replicaDropped(state, command);
    default:
      return onePipeline(state, command.pipelineId, (one) =>
        decided(one, command, { at, settings: state.settings, others: () => elsewhere(state, one) }),
      );
  }
}

interface Circumstances {
  /** By a `Clock`. */
  at: number;
  settings: PipelineSettings;
  /** Stages of the model's other pipelines. */
  others: () => readonly Stage[];
}

function decided(
  one: PipelineState,
  command: Exclude<
    Command,
    { type: 'mark-drained' | 'release-strays' | 'forget' | 'add-replica' | 'drop-replica' }
  >,
  { at, settings, others }: Circumstances,
): PipelineState {
  switch (command.type) {
    case 'give-up':
      return {
        ...givenUp(one, command.reason),
        former: command.keepsStages ? withHolders(one) : one.former,
        quarantine: withFailures(one.quarantine, command.quarantine, at),
      };
    case 'release': {
      const ids = command.releases.map(({ assignmentId }) => assignmentId);
      return { ...one, held: released(one.held, ids, at) };
    }
    case 'place':
      return placed(
        one.phase.type === 'missing' ? one : givenUp(one, command.reason),
        { target: command.stages, others: others() },
        command.reason,
      );
    case 'refuse': {
      const { missing: reason, refusal } = command;
      const phase = { type: 'missing', reason, refusal, againAt: at + command.pauseMs } as const;
      return { ...one, phase, isMoving: false };
    }
    case 'cut':
      if (one.phase.type === 'cutting') return { ...one, phase: { ...one.phase, isAsked: true } };
      return one.migration ? { ...one, migration: { ...one.migration, isCutAsked: true } } : one;
    case 'assign':
      return assigned(one, deadlineFrom(at, settings));
    case 'resize': {
      const byId = new Map(command.stages.map((stage) => [stage.assignmentId, stage]));
      return withStages(one, (stage) => {
        const { reservedBytes, mostCacheBytes } = byId.get(stage.assignmentId) ?? stage;
        return byId.has(stage.assignmentId) ? { ...stage, reservedBytes, mostCacheBytes } : stage;
      });
    }
    case 'migrate': {
      const before = withoutMigration(one);
      const { preloads, ...migration } = command.migration;
      const known = [...stagesOf(one), ...(one.migration?.preloads ?? [])];
      const next = {
        ...migration,
        preloads: newStages(one.id, preloads, known, one.assignments, others()),
        isCutAsked: false,
      };
      const step =
        preloads.length > 0
          ? { step: 'cutting' as const }
          : { step: 'loaded' as const, patienceEndsAt: at + settings.movePatienceMs };
      return {
        ...before,
        assignments: one.assignments + preloads.length,
        migration: { ...next, ...step },
        ...(command.weighed ? { weighed: command.weighed } : {}),
      };
    }
    case 'stay':
      return { ...one, weighed: command.weighed };
    case 'drop-migration':
      return {
        ...withoutMigration(one),
        standbyFrom: at + standbyAfterMs,
        quarantine: withFailures(one.quarantine, command.quarantine, at),
      };
    case 'hold-requests':
      return { ...one, isMoving: true };
    case 'judge-move':
      if (!one.weighed) return one;
      return { ...one, weighed: judged(one.weighed, command.outcome, at), moved: command.outcome };
    case 'cut-over': {
      const { migration, weighed } = one;
      if (!migration) return one;
      const known = [...stagesOf(one), ...migration.preloads];
      const { target } = migration;
      const next = placed(givenUp(one, command.reason), { target, known, others: others() }, command.reason);
      const moving = weighed && command.promise ? { weighed: movedAt(at, weighed, command.promise) } : {};
      return { ...next, ...moving, isMoving: migration.isMomentary };
    }
  }
}

/** Stages that were lost are where somebody stands by with them. */
function withHolders(one: PipelineState): readonly Stage[] {
  const holders = holdersOf(one);
  return stagesOf(one).map((stage) => {
    if (stage.lost === undefined) return stage;
    return holders.find((holder) => isSameRange(stage, holder)) ?? stage;
  });
}

function withFailures(quarantine: Quarantine, failures: readonly Failure[], at: number): Quarantine {
  return failures.reduce(
    (before, { workerId, reason }) => quarantined(before, workerId, { reason, at }),
    quarantine,
  );
}

function elsewhere({ pipelines }: PipelinesState, { id, model }: PipelineState): readonly Stage[] {
  return [...pipelines.values()].flatMap((other) =>
    other.id !== id && other.model === model ? stagesOf(other) : [],
  );
}

interface Placed {
  target: readonly TargetStage[];
  /** See `newStages`. Default: those that the pipeline had. */
  known?: readonly Stage[];
  others: readonly Stage[];
}

/** The pipeline that is put together from now on, in a new epoch. */
function placed(
  one: PipelineState,
  { target, known = one.former, others }: Placed,
  reason: string,
): PipelineState {
  const { cutAgainAt: _, ...rest } = one;
  const epoch = one.epoch + 1;
  const stages = newStages(one.id, target, known, one.assignments, others);
  return {
    ...rest,
    epoch,
    assignments: one.assignments + stages.length,
    phase: { type: 'cutting', pipeline: { id: one.id, epoch, stages }, reason, isAsked: false },
  };
}

/** The pipeline or, while it serves, what is loaded ahead. */
function assigned(one: PipelineState, deadline: number): PipelineState {
  const { phase, migration } = one;
  if (phase.type === 'freeing') {
    return { ...one, phase: { type: 'loading', pipeline: phase.pipeline, reason: phase.reason, deadline } };
  }
  return migration?.step === 'freeing'
    ? { ...one, migration: { ...migration, step: 'loading', deadline } }
    : one;
}
