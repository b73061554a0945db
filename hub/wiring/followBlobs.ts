/** Remembers which weights a worker has: those that it brought, and those of the stages that it loaded since. */
import type { Deployments } from '../pipelines/deployments.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';

export interface FollowBlobsComponents {
  registry: WorkerRegistry;
  deployments: Pick<Deployments, 'list'>;
}

/** Follows for as long as the hub runs. */
export function followBlobs({ registry, deployments }: FollowBlobsComponents): void {
  registry.listen({
    message: (worker, message) => {
      if (message.type !== 'stage-report' || message.state !== 'ready') return;
      const stages = deployments.list.flatMap(({ replicas }) =>
        replicas.flatMap(({ pipeline }) => pipeline?.stages ?? []),
      );
      const loaded = stages.find(({ assignmentId }) => assignmentId === message.assignmentId);
      if (loaded?.workerId !== worker.id || !loaded.description) return;
      registry.holds(
        worker.id,
        loaded.description.packs.map(({ sha256 }) => sha256),
      );
    },
  });
}
