/** Moves stages as the operator pauses, drains and resumes nodes, and as workers say that they are about to leave. */
import type { WorkerId } from '@potluck/protocol';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { Deployments } from '../pipelines/deployments.ts';

export interface FollowModesComponents {
  nodes: NodeBook;
  deployments: Deployments;
  registry: WorkerRegistry;
}

/** Follows what the operator and the workers decide for as long as the hub runs. */
export function followModes({ nodes, deployments, registry }: FollowModesComponents): void {
  const isEmpty = (id: WorkerId): boolean =>
    deployments.list.every(({ replicas }) => replicas.every((keeper) => !keeper.uses(id)));
  const settle = (id: WorkerId): void => {
    if (!isEmpty(id)) return;
    if (registry.table.get(id)?.isLeaving) deployments.vacate(id, 'it is leaving', 'at-once');
    if (nodes.of(id).mode !== 'draining') return;
    nodes.change(id, { mode: 'drained' });
    deployments.vacate(id, 'it is drained', 'at-once');
  };
  nodes.listen((id, { mode }, before) => {
    if (mode === before.mode) return;
    const name = registry.table.get(id)?.name ?? id;
    if (mode === 'active') deployments.reconsider();
    if (mode === 'paused') deployments.vacate(id, `worker ${name} is paused`, 'at-once');
    if (mode === 'draining') {
      deployments.vacate(id, `worker ${name} is being drained`, 'idle');
      settle(id);
    }
  });
  registry.listen({
    leaving: ({ id, name }) => {
      deployments.vacate(id, `worker ${name} is leaving`, 'idle');
      settle(id);
    },
  });
  deployments.listen({ changed: () => [...registry.table.keys()].forEach(settle) });
}
