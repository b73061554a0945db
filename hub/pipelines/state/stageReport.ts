/** What a worker says of its stage, taken in. A report that can't be true must neither serve nor break anything. */
import type { StageReport } from '@potluck/protocol';
import { formatBytes } from '@potluck/api';
import type { Stage } from '../pipeline.ts';

/**
 * @param deviceKind of its worker
 * @returns the stage with a report of its worker taken in; what can't be is corrected
 */
export function applyStageReport(stage: Stage, report: StageReport, deviceKind: string): Stage {
  const { state, reason, progress, cacheBytes, computesWith, tokenStepMs, promptSteps, replay, runShape } =
    correctReport(stage, report);
  const { reason: _reason, progress: _progress, ...rest } = stage;
  return {
    ...rest,
    state,
    ...(reason === undefined ? {} : { reason }),
    ...(progress === undefined ? {} : { progress }),
    ...(cacheBytes === undefined ? {} : { cacheBytes }),
    ...(computesWith === undefined ? {} : { computesWith }),
    ...(tokenStepMs === undefined ? {} : { tokenStepMs }),
    ...(promptSteps === undefined ? {} : { promptSteps }),
    ...(replay === undefined ? {} : { replay }),
    ...(runShape === undefined ? {} : { ran: { runShape, deviceKind } }),
  };
}

/**
 * - A ready stage without room for one token of one session is a failed one: it would refuse every request.
 * - More room for caches than the stage was given is what it was given.
 * - A chunk of a prompt that took no time was not measured.
 */
function correctReport(stage: Stage, report: StageReport): StageReport {
  const { promptSteps, ...rest } = report;
  const corrected: StageReport = {
    ...rest,
    ...(promptSteps ? { promptSteps: promptSteps.filter(({ milliseconds }) => milliseconds > 0) } : {}),
  };
  if (report.state !== 'ready') return corrected;
  const cacheBytes = Math.min(report.cacheBytes ?? 0, stage.mostCacheBytes);
  const { cacheBytesPerToken = 0, stateBytes = 0 } = stage.description ?? {};
  const leastBytes = cacheBytesPerToken + stateBytes;
  if (cacheBytes >= leastBytes) return { ...corrected, cacheBytes };
  return {
    ...corrected,
    state: 'failed',
    reason: `it has ${formatBytes(cacheBytes)} of memory for caches, and one token takes ${formatBytes(leastBytes)}`,
  };
}
