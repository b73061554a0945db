/** When what happened to a request: phases of the whole, and what each device did of them. */
import type { RequestSummary } from '@potluck/api';

export interface TimelinePhase {
  /** `wait`: for devices in the place of lost ones, until it failed. */
  kind: 'prepare' | 'queue' | 'prompt' | 'tokens' | 'wait' | 'end';
  /** Milliseconds since the request's arrival. */
  fromMs: number;
  toMs: number;
}

/** What a device computed in a phase; its work is spread over the phase, and drawn from its beginning. */
export interface TimelineWork {
  kind: 'prompt' | 'tokens';
  fromMs: number;
  computeMs: number;
}

export interface RequestTimeline {
  totalMs: number;
  phases: TimelinePhase[];
  pauses: { fromMs: number; toMs: number; lost: string[] }[];
  stages: { workerId: string; worker: string; firstLayer: number; lastLayer: number; work: TimelineWork[] }[];
}

/** @returns undefined where the hub kept no times, or the request runs */
export function timelineOf(request: RequestSummary): RequestTimeline | undefined {
  const { timeline, totalMs, queueMs, firstTokenMs, stages } = request;
  if (timeline === null || totalMs === null || totalMs <= 0) return undefined;
  const { preparedMs, lastTokenMs, pauses } = timeline;
  const admittedMs = preparedMs + (queueMs ?? 0);
  const ends: [TimelinePhase['kind'], number | null][] = [
    ['prepare', preparedMs],
    ['queue', queueMs === null ? null : admittedMs],
    ['prompt', firstTokenMs],
    ['tokens', lastTokenMs],
    [isLost(request) ? 'wait' : 'end', totalMs],
  ];
  const phases: TimelinePhase[] = [];
  let fromMs = 0;
  for (const [kind, end] of ends) {
    if (end === null) continue;
    const toMs = Math.min(totalMs, Math.max(fromMs, end));
    if (toMs > fromMs) phases.push({ kind, fromMs, toMs });
    fromMs = toMs;
  }
  const phase = (kind: TimelinePhase['kind']): TimelinePhase | undefined =>
    phases.find((one) => one.kind === kind);
  return {
    totalMs,
    phases,
    pauses,
    stages: stages.map(({ workerId, worker, firstLayer, lastLayer, timings }) => ({
      ...{ workerId, worker, firstLayer, lastLayer },
      work: [
        workIn('prompt', phase('prompt'), timings?.['promptStepsMs']),
        workIn('tokens', phase('tokens'), timings?.['tokenStepsMs']),
      ].filter((one) => one !== undefined),
    })),
  };
}

/** Whether it waited for other devices to its end. */
function isLost({ status, timeline }: RequestSummary): boolean {
  const pause = timeline?.pauses.at(-1);
  return status === 'failed' && pause !== undefined && pause.toMs > (timeline?.lastTokenMs ?? 0);
}

/** Times are the device's own: what it computed for a prompt that was refused room is not longer than the phase. */
function workIn(
  kind: TimelineWork['kind'],
  phase: TimelinePhase | undefined,
  milliseconds: number | undefined,
): TimelineWork | undefined {
  if (!phase || !milliseconds) return undefined;
  return { kind, fromMs: phase.fromMs, computeMs: Math.min(milliseconds, phase.toMs - phase.fromMs) };
}
