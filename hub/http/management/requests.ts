/** A request as the API tells it: where the time went, by stage. */
import type { RequestRecord, StageRecord } from '../../database/requestRecord.ts';

/** What `GET /api/requests/:id` answers. Times are milliseconds. */
export function describeRequest(record: RequestRecord): Record<string, unknown> {
  return { ...record, stages: record.stages.map(describeStage) };
}

function describeStage({ timings, ...stage }: StageRecord): Record<string, unknown> {
  if (!timings) return { ...stage, timings: null };
  return {
    ...stage,
    queueMs: timings.queueMs,
    computeMs: timings.computeMs,
    transferMs: timings.encodeMs + timings.wireMs + timings.decodeMs,
    tokens: timings.tokens,
    steps: timings.steps,
    bytesIn: timings.bytesIn,
    bytesOut: timings.bytesOut,
    path: timings.relayedFrames > 0 ? 'relayed' : 'direct',
    timings,
  };
}
