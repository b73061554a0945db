/** Remembers which weights a worker has: those that it brought, and those of the stages that it loaded since. */
import type { StageReport } from '@potluck/protocol';
import type { Deployments } from '../pipelines/deployments.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';

export interface NoteBlobsComponents {
  registry: Pick<WorkerRegistry, 'holds'>;
  deployments: Pick<Deployments, 'stageOf'>;
}

/** @returns what takes the reports of stages */
export function noteBlobs({
  registry,
  deployments,
}: NoteBlobsComponents): (worker: WorkerRecord, report: StageReport) => void {
  return ({ id }, { assignmentId, state }) => {
    const description =
      state === 'ready' ? deployments.stageOf(id, assignmentId)?.stage.description : undefined;
    if (!description) return;
    registry.holds(
      id,
      description.packs.map(({ sha256 }) => sha256),
    );
  };
}
