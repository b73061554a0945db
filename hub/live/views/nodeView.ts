/** A worker as the API shows it. */
import type { FormerNode, Node, Stage as StageView } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { NodeRecord } from '../../workers/nodeStore.ts';
import type { Generation } from '../../generation/generation.ts';
import type { Generator } from '../../generation/generator.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import type { Stage } from '../../pipelines/pipeline.ts';
import type { NodeBook } from '../../workers/nodeBook.ts';
import type { NodeStatistics } from '../../workers/nodeStatistics.ts';
import { reclaimableBytes, reservedBytes } from '../../placement/gridView.ts';
import { sum } from '../../placement/sum.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';
import type { WorkerRecord } from '../../workers/workerTable.ts';
import { roleOf } from '../nodeRole.ts';
import { describeAhead } from './describeAhead.ts';
import type { StateClock } from '../stateClock.ts';

export interface NodeViewComponents {
  registry: WorkerRegistry;
  deployments: Deployments;
  generator: Generator;
  nodes: NodeBook;
  statistics: NodeStatistics;
  states: StateClock;
}

/** What each of its stages has computed for an answer that is not over, as they will tell it at the end. */
function tokensUnderWay({ promptTokensRead, usage }: Generation): number {
  const { cachedTokens, completionTokens } = usage;
  // Nothing is computed from the last token yet.
  return Math.max(0, promptTokensRead - cachedTokens) + Math.max(0, completionTokens - 1);
}

export function viewNode(components: NodeViewComponents, worker: WorkerRecord): Node {
  const { registry, deployments, generator, nodes, statistics, states } = components;
  const stages = stagesAt(deployments, worker);
  const memory = deployments.grid.workers.get(worker.id)?.memory;
  const { mode } = nodes.of(worker.id);
  const arriving = deployments.movingTo(worker.id);
  const ahead = describeAhead(deployments.standbyAt(worker.id), arriving);
  const running = generator.running.filter(({ workerIds }) => workerIds.includes(worker.id));
  const reasons = stages.flatMap(({ reason }) => (reason === null ? [] : [reason]));
  return {
    id: worker.id,
    name: worker.name,
    reportedName: worker.reportedName,
    kind: worker.kind,
    version: worker.version,
    device: worker.device,
    memoryBytes: worker.memoryBytes,
    usedBytes: memory?.usedBytes ?? 0,
    reservedBytes: memory ? reservedBytes(memory) : 0,
    reclaimableBytes: memory ? reclaimableBytes(memory) : 0,
    mode,
    role: stages.length === 0 && arriving.length > 0 ? 'preparing' : roleOf(stages.map(({ state }) => state)),
    reason: worker.isLeaving ? hubText('leaves-soon', {}) : (reasons[0] ?? (ahead === '' ? null : ahead)),
    stateSince: states.since(worker.id, stateOf(mode, stages)),
    joinedAt: worker.joinedAt,
    leaseMs: registry.leaseMsOf(worker.id),
    stages,
    peers: [...worker.peers].map(([id, { state, reason, roundTripMs, bytesPerSecond, candidatePair }]) => ({
      id,
      state,
      reason: reason ?? null,
      roundTripMs: roundTripMs ?? null,
      bytesPerSecond: bytesPerSecond ?? null,
      candidates: candidatePair
        ? { local: candidatePair.local.type, remote: candidatePair.remote.type }
        : null,
    })),
    load: worker.load.busy,
    disk: worker.load.disk
      ? { weightBytes: worker.load.disk.weightBytes, freeBytes: worker.load.disk.freeBytes ?? null }
      : null,
    runningRequests: running.length,
    tokensServed: statistics.tokensOf(worker.id) + sum(running.map(tokensUnderWay)),
    hidden: worker.presence === undefined ? null : worker.presence !== 'visible',
  };
}

/** Changes where people would say that it does something else now. */
function stateOf(mode: Node['mode'], stages: readonly StageView[]): string {
  return JSON.stringify([mode, stages.map(({ assignmentId, state }) => [assignmentId, state])]);
}

/** A worker that was here. */
export function viewFormerNode(record: NodeRecord): FormerNode {
  const { id, name, givenName, kind, device, memoryBytes, bannedBecause } = record;
  const { firstJoinedAt, lastJoinedAt, lastLeftAt, lastLeftReason } = record;
  return {
    id,
    name: givenName ?? name,
    kind,
    device,
    memoryBytes,
    firstJoinedAt,
    lastJoinedAt,
    lastLeftAt,
    lastLeftReason,
    evicted: bannedBecause !== null,
  };
}

function stagesAt(deployments: Deployments, worker: WorkerRecord): StageView[] {
  return deployments.list.flatMap(({ model, replicas }) =>
    replicas.flatMap(({ pipeline }, replica) =>
      (pipeline?.stages ?? []).flatMap((stage, stageIndex) =>
        stage.workerId === worker.id
          ? [viewStage(stage, { model: model.package.id, replica, stageIndex })]
          : [],
      ),
    ),
  );
}

/** A stage in its place. */
export function viewStage(
  stage: Stage,
  place: Pick<StageView, 'model' | 'replica' | 'stageIndex'>,
): StageView {
  return {
    assignmentId: stage.assignmentId,
    ...place,
    nodeId: stage.workerId,
    nodeName: stage.workerName,
    firstLayer: stage.firstLayer,
    lastLayer: stage.lastLayer,
    state: stage.state,
    reason: stage.reason ?? null,
    progress: stage.progress ?? null,
    weightBytes: stage.description?.weightBytes ?? null,
    cacheBytes: stage.cacheBytes ?? null,
    computesWith: stage.computesWith ?? null,
  };
}
