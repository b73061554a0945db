/** What of a hub's state becomes gauges, as one value. */
import type { Generator } from '../../generation/generator.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import type { Relay } from '../../workers/relay.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';
import type { LoopDelay, LoopDelays } from '../loopDelay.ts';

export interface ObservedWorker {
  name: string;
  kind: 'node' | 'browser';
  isLeaving: boolean;
  /** How many stages it has, and how many of them serve. */
  stages: number;
  readyStages: number;
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
  deployments: Pick<Deployments, 'list' | 'grid'>;
  generator: Pick<Generator, 'loadOf'>;
  relay: Pick<Relay, 'relayedBytes' | 'droppedSlices'>;
  loopDelay: Pick<LoopDelay, 'now'>;
}

/** Reads everything once; what it costs grows with workers and stages only. */
export function observeHub(parts: ObservedParts): ObservedHub {
  const { version, registry, deployments, generator, relay, loopDelay } = parts;
  const stages = new Map<string, { stages: number; readyStages: number }>();
  for (const { replicas } of deployments.list) {
    for (const stage of replicas.flatMap(({ pipeline }) => pipeline?.stages ?? [])) {
      const { stages: all, readyStages } = stages.get(stage.workerId) ?? { stages: 0, readyStages: 0 };
      const isReady = stage.state === 'ready';
      stages.set(stage.workerId, { stages: all + 1, readyStages: readyStages + (isReady ? 1 : 0) });
    }
  }
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
    workers: [...registry.table.values()].map((worker) => ({
      name: worker.name,
      kind: worker.kind,
      isLeaving: worker.isLeaving,
      ...(stages.get(worker.id) ?? { stages: 0, readyStages: 0 }),
      offeredBytes: worker.memoryBytes,
      usedBytes: deployments.grid.workers.get(worker.id)?.memory.usedBytes ?? 0,
      busy: worker.load.busy,
    })),
    relayedBytes: relay.relayedBytes,
    droppedSlices: relay.droppedSlices,
    loopDelay: loopDelay.now(),
  };
}

/** A worker's state in one word. */
export function shownState(
  worker: Pick<ObservedWorker, 'isLeaving' | 'stages' | 'readyStages'>,
): 'leaving' | 'standby' | 'serving' | 'preparing' {
  if (worker.isLeaving) return 'leaving';
  if (worker.stages === 0) return 'standby';
  return worker.readyStages === worker.stages ? 'serving' : 'preparing';
}
