/** What of a hub's state becomes gauges, as one value. */
import type { Node } from '@potluck/api';
import type { Generator } from '../../generation/generator.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import type { Relay } from '../../workers/relay.ts';
import type { NodeBook } from '../../workers/nodeBook.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';
import type { LoopDelay, LoopDelays } from '../loopDelay.ts';
import { roleOf } from '../nodeRole.ts';

export interface ObservedWorker {
  name: string;
  kind: 'node' | 'browser';
  /** `waiting`: the operator has not approved it yet, so nothing that it offers counts. */
  state: 'waiting' | 'leaving' | Node['role'];
  offeredBytes: number;
  usedBytes: number;
  /** Part of its time in which it computed, 0 to 1. */
  busy: number;
}

export interface ObservedModel {
  model: string;
  running: number;
  waiting: number;
  /** Pipelines that serve, and those that don't. */
  ready: number;
  missing: number;
}

export interface ObservedHub {
  version: string;
  models: readonly ObservedModel[];
  workers: readonly ObservedWorker[];
  relayedBytes: number;
  droppedSlices: number;
  loopDelay: LoopDelays;
}

export interface ObservedParts {
  version: string;
  registry: Pick<WorkerRegistry, 'table'>;
  nodes: Pick<NodeBook, 'of'>;
  deployments: Pick<Deployments, 'list' | 'grid'>;
  generator: Pick<Generator, 'loadOf'>;
  relay: Pick<Relay, 'relayedBytes' | 'droppedSlices'>;
  loopDelay: Pick<LoopDelay, 'now'>;
}

/** Reads everything once; what it costs grows with workers and stages only. */
export function observeHub(parts: ObservedParts): ObservedHub {
  const { version, registry, nodes, deployments, generator, relay, loopDelay } = parts;
  const pipelines = deployments.list.flatMap(({ replicas }) => replicas.map(({ pipeline }) => pipeline));
  const stages = Map.groupBy(
    pipelines.flatMap((pipeline) => pipeline?.stages ?? []),
    ({ workerId }) => workerId,
  );
  return {
    version,
    models: deployments.list.map(({ model, replicas }) => {
      const loads = replicas.map(({ id }) => generator.loadOf(id));
      const ready = replicas.filter((replica) => replica.ready).length;
      return {
        model: model.package.id,
        running: loads.reduce((sum, { running }) => sum + running, 0),
        waiting: loads.reduce((sum, { waiting }) => sum + waiting, 0),
        ready,
        missing: replicas.length - ready,
      };
    }),
    workers: [...registry.table.values()].map((worker) => {
      const isWaiting = nodes.of(worker.id).mode === 'waiting';
      const role = roleOf((stages.get(worker.id) ?? []).map(({ state }) => state));
      return {
        name: worker.name,
        kind: worker.kind,
        state: isWaiting ? 'waiting' : worker.isLeaving ? 'leaving' : role,
        offeredBytes: isWaiting ? 0 : worker.memoryBytes,
        usedBytes: deployments.grid.workers.get(worker.id)?.memory.usedBytes ?? 0,
        busy: worker.load.busy,
      };
    }),
    relayedBytes: relay.relayedBytes,
    droppedSlices: relay.droppedSlices,
    loopDelay: loopDelay.now(),
  };
}
