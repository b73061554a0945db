/** The state after an event. Pure: what is to be done about it is for `plan` to say. */
import { hubText } from '@potluck/api/hub-texts';
import type { WorkerId } from '@potluck/protocol';
import type { Stage, TargetStage } from '../pipeline.ts';
import { applyCommand } from './applyCommand.ts';
import { applyDeploymentEvent, ended } from './applyDeploymentEvent.ts';
import { applyReport } from './applyReport.ts';
import { found } from './found.ts';
import type { NamedWorker, PipelineEvent } from './events.ts';
import { changedAt } from './held.ts';
import { shiftedMigration } from './migration.ts';
import { shiftedQuarantine, pardoned, quarantined } from './quarantine.ts';
import { usesWorker, type PipelinesState, type PipelineState } from './state.ts';
import { everyPipeline, onePipeline, withStages } from './update.ts';
import { shiftedWeighed } from './weighed.ts';

/** @returns the same state where the event changes nothing */
export function apply(state: PipelinesState, event: PipelineEvent): PipelinesState {
  switch (event.type) {
    case 'worker-joined': {
      const { id } = event.worker;
      const pardoning = everyPipeline(state, (one) => withQuarantine(one, pardoned(one.quarantine, [id])));
      const next = (event.heldStages ?? []).reduce((before, held) => found(before, id, held), pardoning);
      return event.mode === 'draining' ? withDraining(next, id, true) : next;
    }
    case 'worker-restarted':
      return everyPipeline(state, (one) => withoutHeld(one, event.workerId));
    case 'worker-left':
      return withDraining(
        everyPipeline(state, (one) => workerLeft(notAwaited(one, event), event)),
        event.worker.id,
        false,
      );
    case 'worker-leaving':
      return everyPipeline(state, (one) => vacated(one, event.worker, 'is leaving', 'idle'));
    case 'worker-renamed':
      return everyPipeline(state, (one) => renamed(one, event.worker));
    case 'mode-changed':
      return modeChanged(state, event);
    case 'stage-reported':
      return applyReport(state, event);
    case 'deployed':
    case 'model-replaced':
    case 'undeployed':
      return applyDeploymentEvent(state, event);
    case 'stages-cut':
      return onePipeline(state, event.pipelineId, (one) => stagesCut(one, event.descriptions));
    case 'cut-failed':
      return onePipeline(state, event.pipelineId, (one) => cutFailed(one, event));
    case 'crowded':
      return crowded(state, event);
    case 'answer-began':
      return onePipeline(state, event.pipelineId, (one) => ({
        ...one,
        answers: one.answers + 1,
        rooms: event.room === undefined ? one.rooms : [...one.rooms, event.room],
      }));
    case 'answer-ended':
      return onePipeline(state, event.pipelineId, (one) => ({
        ...one,
        answers: Math.max(0, one.answers - 1),
        rooms: withoutOne(one.rooms, event.room),
        tokens: one.tokens + event.tokens,
      }));
    case 'suspected':
      return onePipeline(state, event.pipelineId, (one) => suspected(one, event));
    case 'hub-stopping':
      return everyPipeline({ ...state, deployments: new Map() }, (one) => ended(one, event.why));
    case 'time-passed':
      return state;
    case 'clock-jumped':
      return everyPipeline(state, (one) => shifted(one, event.byMs));
    case 'command-sent':
      return applyCommand(state, event.command, event.at);
  }
}

/** Without one of the numbers that are the same. */
function withoutOne(rooms: readonly number[], room: number | undefined): readonly number[] {
  const index = room === undefined ? -1 : rooms.indexOf(room);
  return index < 0 ? rooms : rooms.toSpliced(index, 1);
}

/** Requests that are further apart than this are no crowd. */
const crowdGapMs = 15_000;

function crowded(
  state: PipelinesState,
  { model, at }: Extract<PipelineEvent, { type: 'crowded' }>,
): PipelinesState {
  const deployment = state.deployments.get(model);
  if (!deployment) return state;
  const { crowd } = deployment;
  const first = crowd && at - crowd.last <= crowdGapMs ? crowd.first : at;
  const next = { ...deployment, crowd: { first, last: at } };
  return { ...state, deployments: new Map(state.deployments).set(model, next) };
}

const cutAgainAfterMs = 10_000;

function withQuarantine(one: PipelineState, quarantine: PipelineState['quarantine']): PipelineState {
  return quarantine === one.quarantine ? one : { ...one, quarantine };
}

function withDraining(state: PipelinesState, workerId: WorkerId, isDraining: boolean): PipelinesState {
  if (state.draining.has(workerId) === isDraining) return state;
  const draining = new Set(state.draining);
  if (isDraining) draining.add(workerId);
  else draining.delete(workerId);
  return { ...state, draining };
}

function withoutHeld(one: PipelineState, workerId: WorkerId): PipelineState {
  const held = changedAt(one.held, workerId, () => undefined);
  return held === one.held ? one : { ...one, held };
}

/** As part of a sentence. */
function describeLoss(name: string, reason: string | undefined): string {
  return reason === undefined
    ? hubText('disconnected', { device: name })
    : hubText('left-because', { device: name, reason });
}

/** Who says goodbye after a restart of the hub is not waited for. */
function notAwaited(
  one: PipelineState,
  { worker, saidGoodbye }: Extract<PipelineEvent, { type: 'worker-left' }>,
): PipelineState {
  const { awaits } = one;
  if (!awaits || saidGoodbye !== true || !awaits.workers.includes(worker.id)) return one;
  return { ...one, awaits: { ...awaits, workers: awaits.workers.filter((id) => id !== worker.id) } };
}

/** Nobody answers for this worker now. It may come back with what it holds, unless the pipeline is over. */
function workerLeft(
  one: PipelineState,
  { worker: { id, name }, reason, saidGoodbye = false }: Extract<PipelineEvent, { type: 'worker-left' }>,
): PipelineState {
  if (one.phase.type === 'ended') return withoutHeld(one, id);
  const held = changedAt(one.held, id, ({ releasingSince: _, ...rest }) => rest);
  const left = held === one.held ? one : { ...one, held };
  const lost = { lost: describeLoss(name, reason), ...(saidGoodbye && { saidGoodbye }) };
  return withStages(left, (stage) => (stage.workerId === id ? { ...stage, ...lost } : stage));
}

function renamed(one: PipelineState, { id, name }: NamedWorker): PipelineState {
  const change = <Placed extends TargetStage | Stage>(stage: Placed): Placed =>
    stage.workerId === id && stage.workerName !== name ? { ...stage, workerName: name } : stage;
  const next = withStages(one, change);
  const { migration } = next;
  if (!migration?.target.some((stage) => change(stage) !== stage)) return next;
  return { ...next, migration: { ...migration, target: migration.target.map(change) } };
}

function vacated(
  one: PipelineState,
  { id, name }: NamedWorker,
  why: string,
  when: 'at-once' | 'idle',
): PipelineState {
  if (!usesWorker(one, id)) return one;
  return { ...one, retiring: { reason: `${name} ${why}`, when } };
}

function modeChanged(
  state: PipelinesState,
  { worker, mode }: Extract<PipelineEvent, { type: 'mode-changed' }>,
): PipelinesState {
  const next = withDraining(state, worker.id, mode === 'draining');
  if (mode === 'draining')
    return everyPipeline(next, (one) => vacated(one, worker, 'pauses after its current answers', 'idle'));
  if (mode === 'paused') return everyPipeline(next, (one) => vacated(one, worker, 'is paused', 'at-once'));
  return next;
}

function stagesCut(
  one: PipelineState,
  descriptions: Extract<PipelineEvent, { type: 'stages-cut' }>['descriptions'],
): PipelineState {
  const cut = withStages(one, (stage) => {
    const description = descriptions.get(stage.assignmentId);
    return description ? { ...stage, description } : stage;
  });
  const { phase, migration } = cut;
  const isCut = (stages: readonly { description?: unknown }[]): boolean =>
    stages.every(({ description }) => description !== undefined);
  if (phase.type === 'cutting' && isCut(phase.pipeline.stages)) {
    return { ...cut, phase: { type: 'freeing', pipeline: phase.pipeline, reason: phase.reason } };
  }
  if (migration?.step === 'cutting' && isCut(migration.preloads)) {
    return { ...cut, migration: { ...migration, step: 'freeing' } };
  }
  return cut;
}

/** A disk that was full may have room again later. */
function cutFailed(
  one: PipelineState,
  { assignmentIds, reason, at }: Extract<PipelineEvent, { type: 'cut-failed' }>,
): PipelineState {
  const { phase, migration, ...rest } = one;
  const isAbout = (stages: readonly { assignmentId: string }[]): boolean =>
    stages.some(({ assignmentId }) => (assignmentIds as readonly string[]).includes(assignmentId));
  const cutAgainAt = at + cutAgainAfterMs;
  if (phase.type === 'cutting' && isAbout(phase.pipeline.stages)) {
    return { ...rest, phase: { type: 'missing', reason }, isMoving: false, cutAgainAt };
  }
  return migration?.step === 'cutting' && isAbout(migration.preloads) ? { ...rest, phase, cutAgainAt } : one;
}

function suspected(
  one: PipelineState,
  { epoch, workerIds, at }: Extract<PipelineEvent, { type: 'suspected' }>,
): PipelineState {
  const { phase } = one;
  if (phase.type === 'missing' || phase.type === 'ended' || phase.pipeline.epoch !== epoch) return one;
  const silent = phase.pipeline.stages.filter(({ workerId }) => workerIds.includes(workerId));
  if (silent.length === 0) return one;
  const lost = `no answer from ${[...new Set(silent.map(({ workerName }) => workerName))].join(', ')}`;
  const quarantine = [...new Set(silent.map(({ workerId }) => workerId))].reduce(
    (before, workerId) => quarantined(before, workerId, { reason: 'it does not answer', at }),
    one.quarantine,
  );
  const next = withStages(one, (stage) => (silent.includes(stage) ? { ...stage, lost } : stage));
  return { ...next, quarantine };
}

/** All times of a pipeline on a clock that jumped. */
function shifted(one: PipelineState, byMs: number): PipelineState {
  const { phase, migration, cutAgainAt, weighed, standbyFrom } = one;
  return {
    ...one,
    ...(standbyFrom === undefined ? {} : { standbyFrom: standbyFrom + byMs }),
    ...(weighed ? { weighed: shiftedWeighed(weighed, byMs) } : {}),
    quarantine: shiftedQuarantine(one.quarantine, byMs),
    ...(phase.type === 'loading' ? { phase: { ...phase, deadline: phase.deadline + byMs } } : {}),
    ...(migration ? { migration: shiftedMigration(migration, byMs) } : {}),
    ...(cutAgainAt === undefined ? {} : { cutAgainAt: cutAgainAt + byMs }),
    held: new Map(
      [...one.held].map(([id, held]) => [
        id,
        held.releasingSince === undefined ? held : { ...held, releasingSince: held.releasingSince + byMs },
      ]),
    ),
  };
}
