import type { WorkerFollower } from '../pipelines/workerFollower.ts';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { RegistryWithoutSockets } from './registryWithoutSockets.ts';

/** Tells pipelines what happens at the workers of a test, as `wiring/whatFollows` does in a hub. */
export function followWorkers(
  { registry, nodes }: { registry: RegistryWithoutSockets; nodes: NodeBook },
  workers: WorkerFollower,
): void {
  nodes.listen((id, policy, before) => workers.decided(id, policy, before));
  registry.listen({
    joined: (worker) => {
      nodes.joined(worker);
      workers.joined(worker);
    },
    left: (worker, reason, how) => workers.left(worker, reason, how),
    leaving: (worker) => workers.leaving(worker),
    message: (worker, message) => {
      if (message.type === 'stage-report') workers.reported(worker, message);
    },
  });
}
