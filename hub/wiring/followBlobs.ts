/** Remembers which weights a worker has: those that it brought, and those of the stages that it loaded since. */
import type { Deployments } from '../pipelines/deployments.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';

export interface FollowBlobsComponents {
  registry: WorkerRegistry;
  deployments: Pick<Deployments, 'stageOf'>;
}

/** Follows for as long as the hub runs. */
export function followBlobs({ registry, deployments }: FollowBlobsComponents): void {
  registry.listen({
    message: (worker, message) => {
      if (message.type !== 'stage-report' || message.state !== 'ready') return;
      const description = deployments.stageOf(worker.id, message.assignmentId)?.stage.description;
      if (!description) return;
      registry.holds(
        worker.id,
        description.packs.map(({ sha256 }) => sha256),
      );
    },
  });
}
