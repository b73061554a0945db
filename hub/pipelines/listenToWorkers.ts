/** What workers and the operator do, as events of pipelines. */
import type { InstanceId, WorkerId } from '@potluck/protocol';
import type { NodeBook } from '../workers/nodeBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import { deviceKind } from './deviceKind.ts';
import type { PipelineHappening } from './state/events.ts';

/** @returns a function that ends the listening */
export function listenToWorkers(
  { registry, nodes }: { registry: Pick<WorkerRegistry, 'listen'>; nodes: NodeBook },
  dispatch: (happening: PipelineHappening) => void,
): () => void {
  const instances = new Map<WorkerId, InstanceId>();
  const stopNodes = nodes.listen((id, { mode }, before) => {
    if (mode === before.mode) return;
    dispatch({ type: 'mode-changed', worker: { id, name: nodes.nameOf(id) }, mode });
  });
  const stopWorkers = registry.listen({
    joined: ({ id, name, instanceId }) => {
      const isRestarted = (instances.get(id) ?? instanceId) !== instanceId;
      instances.set(id, instanceId);
      if (isRestarted) dispatch({ type: 'worker-restarted', workerId: id });
      dispatch({ type: 'worker-joined', worker: { id, name }, mode: nodes.of(id).mode });
    },
    left: ({ id, name }, reason) => dispatch({ type: 'worker-left', worker: { id, name }, reason }),
    leaving: ({ id, name }) => dispatch({ type: 'worker-leaving', worker: { id, name } }),
    message: (worker, report) => {
      if (report.type !== 'stage-report') return;
      const { id, name } = worker;
      dispatch({ type: 'stage-reported', worker: { id, name }, deviceKind: deviceKind(worker), report });
    },
  });
  return () => {
    stopNodes();
    stopWorkers();
  };
}
