/** What workers and the operator do, as events of pipelines. */
import type { InstanceId, StageReport, WorkerId } from '@potluck/protocol';
import type { NodeBook, NodePolicy } from '../workers/nodeBook.ts';
import type { HowLeft } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { deviceKind } from './deviceKind.ts';
import type { PipelineHappening } from './state/events.ts';

/** What pipelines must be told, each when it has happened. */
export interface WorkerFollower {
  joined(worker: WorkerRecord): void;
  left(worker: WorkerRecord, reason: string, how: HowLeft): void;
  /** It wants nothing new, and goes when its answers have ended. */
  leaving(worker: WorkerRecord): void;
  reported(worker: WorkerRecord, report: StageReport): void;
  /** The operator decided something about a node. */
  decided(id: WorkerId, policy: NodePolicy, before: NodePolicy): void;
}

/** @param forgetGrid called at each decision: what was known of the grid may be different */
export function workerFollower(
  { nodes }: { nodes: Pick<NodeBook, 'of' | 'nameOf'> },
  forgetGrid: () => void,
  dispatch: (happening: PipelineHappening) => void,
): WorkerFollower {
  const instances = new Map<WorkerId, InstanceId>();
  return {
    joined: ({ id, name, instanceId, heldStages }) => {
      const isRestarted = (instances.get(id) ?? instanceId) !== instanceId;
      instances.set(id, instanceId);
      if (isRestarted) dispatch({ type: 'worker-restarted', workerId: id });
      dispatch({ type: 'worker-joined', worker: { id, name }, mode: nodes.of(id).mode, heldStages });
    },
    left: ({ id, name }, reason, how) => {
      const because = how === 'disconnected' ? undefined : reason;
      const saidGoodbye = how === 'left';
      dispatch({ type: 'worker-left', worker: { id, name }, reason: because, saidGoodbye });
    },
    leaving: ({ id, name }) => dispatch({ type: 'worker-leaving', worker: { id, name } }),
    reported: (worker, report) => {
      const { id, name } = worker;
      dispatch({ type: 'stage-reported', worker: { id, name }, deviceKind: deviceKind(worker), report });
    },
    decided: (id, { mode, name }, before) => {
      forgetGrid();
      if (name !== before.name) dispatch({ type: 'worker-renamed', worker: { id, name: nodes.nameOf(id) } });
      if (mode === before.mode) return;
      dispatch({ type: 'mode-changed', worker: { id, name: nodes.nameOf(id) }, mode });
    },
  };
}
