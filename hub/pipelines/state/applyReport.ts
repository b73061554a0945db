/** What a worker says of its stage. */
import { hubText } from '@potluck/api/hub-texts';
import type { StageReport } from '@potluck/protocol';
import { readyPipeline, type Stage } from '../pipeline.ts';
import { applyStageReport } from './stageReport.ts';
import type { NamedWorker, PipelineEvent } from './events.ts';
import { standbyAfterMs, withPreloads } from './migration.ts';
import { pardoned, quarantined } from './quarantine.ts';
import {
  stagesOf,
  type Phase,
  type PipelinesState,
  type PipelineSettings,
  type PipelineState,
} from './state.ts';
import { onePipeline } from './update.ts';
import { servesSince } from './weighed.ts';

type Reported = Extract<PipelineEvent, { type: 'stage-reported' }>;

/** The worker says `failed` at its deadline by itself; the hub waits this much longer for a worker that can't. */
const deadlineGraceMs = 10_000;

/** When stages that make no progress are given up. */
export function deadlineFrom(at: number, { stageDeadlineMs }: PipelineSettings): number {
  return at + stageDeadlineMs + deadlineGraceMs;
}

/** Each state of an assignment that is over. */
export function isOver({ state }: Pick<StageReport, 'state'>): boolean {
  return state === 'failed' || state === 'released';
}

export function applyReport(state: PipelinesState, event: Reported): PipelinesState {
  const { report, worker } = event;
  const isIt = ({ assignmentId, workerId }: Stage): boolean =>
    assignmentId === report.assignmentId && workerId === worker.id;
  for (const one of state.pipelines.values()) {
    if (stagesOf(one).some(isIt))
      return onePipeline(state, one.id, () => stageReported(one, event, state.settings));
    if (one.migration?.preloads.some(isIt))
      return onePipeline(state, one.id, () => preloadReported(one, event, state.settings));
    if (one.held.get(report.assignmentId)?.workerId === worker.id)
      return onePipeline(state, one.id, () => heldReported(one, report));
  }
  if (isOver(report)) return state;
  const { assignmentId } = report;
  return { ...state, strays: [...state.strays, { workerId: worker.id, assignmentId }] };
}

function stageReported(one: PipelineState, event: Reported, settings: PipelineSettings): PipelineState {
  const { phase } = one;
  if (phase.type !== 'loading' && phase.type !== 'serving') return one;
  const { stages, failure, quarantine } = taken(phase.pipeline.stages, event, one);
  const pipeline = { ...phase.pipeline, stages };
  // Serving or not: its loss is what `plan` deals with.
  if (failure) return { ...one, quarantine, phase: { ...phase, pipeline } as Phase };
  const ready = readyPipeline(pipeline);
  if (ready)
    return phase.type === 'serving'
      ? { ...one, phase: { ...phase, pipeline: ready } }
      : serving(one, ready, event.at);
  const deadline = deadlineFrom(event.at, settings);
  const reason =
    phase.type === 'serving' ? `worker ${event.worker.name} is ${event.report.state} again` : phase.reason;
  return { ...one, phase: { type: 'loading', pipeline, deadline, reason } };
}

function serving(
  one: PipelineState,
  pipeline: Extract<Phase, { type: 'serving' }>['pipeline'],
  at: number,
): PipelineState {
  const workers = pipeline.stages.map(({ workerId }) => workerId);
  return {
    ...one,
    tokens: 0,
    standbyFrom: at + standbyAfterMs,
    weighed: servesSince(at, one.weighed, { workers, isRepaired: one.former.length > 0 }),
    phase: { type: 'serving', pipeline },
    former: [],
    isMoving: false,
    quarantine: pardoned(one.quarantine, workers),
  };
}

function preloadReported(one: PipelineState, event: Reported, settings: PipelineSettings): PipelineState {
  const { migration } = one;
  if (!migration || migration.step === 'cutting' || migration.step === 'freeing') return one;
  const { stages, quarantine } = taken(migration.preloads, event, one);
  const times = {
    deadline: deadlineFrom(event.at, settings),
    patienceEndsAt: event.at + settings.movePatienceMs,
  };
  return { ...one, quarantine, migration: withPreloads(migration, stages, times) };
}

function heldReported(one: PipelineState, report: StageReport): PipelineState {
  if (!isOver(report)) return one;
  const held = new Map(one.held);
  held.delete(report.assignmentId);
  return { ...one, held };
}

/** The stages with the report taken in; a stage that failed is lost, and its worker sits out. */
function taken(
  stages: readonly Stage[],
  { worker, deviceKind, report, at }: Reported,
  { quarantine }: PipelineState,
): { stages: Stage[]; failure: boolean; quarantine: PipelineState['quarantine'] } {
  const before = stages.find(({ assignmentId }) => assignmentId === report.assignmentId) as Stage;
  const after = applyStageReport(before, report, deviceKind);
  const replaced = (stage: Stage): Stage[] => stages.map((one) => (one === before ? stage : one));
  if (!isOver(after)) return { stages: replaced(after), failure: false, quarantine };
  const reason = after.reason ?? 'it gave its stage up';
  // Whatever else fails, such as a download, says nothing about the device.
  const isDevices = before.state === 'compiling' || before.state === 'warming';
  return {
    stages: replaced({ ...after, lost: lostBecause(worker, reason) }),
    failure: true,
    quarantine: quarantined(quarantine, worker.id, {
      ...{ reason, at },
      ...(isDevices ? { deviceKind } : {}),
    }),
  };
}

const lostBecause = ({ name }: NamedWorker, reason: string): string =>
  hubText('device-failed', { device: name, reason });
