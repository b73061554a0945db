/** What one token costs in a pipeline, part by part. */
import type { PredictedHop, PredictedStage } from '@potluck/api';
import type { Device, WorkerId } from '@potluck/protocol';
import type { LayerRange } from '../balanceRanges.ts';
import { hopTime, type KnownLink } from './hopTime.ts';
import { stepTime, type StepSample } from './stepTime.ts';
import { frameBytesPerToken, weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';

export interface PredictedWorker {
  id: WorkerId;
  name: string;
  device: Pick<Device, 'kind' | 'description'>;
  /** What its device did so far. */
  samples: readonly StepSample[];
  /** What it has for this model, in bytes. */
  memoryBytes: number;
}

export interface StageToPredict extends LayerRange {
  workerId: WorkerId;
  /** What the stage takes of its worker's memory, in bytes. */
  memoryBytes: number;
}

/** Everybody who is here, and what is known of how they reach each other. */
export interface PredictedGrid {
  workers: readonly PredictedWorker[];
  link: (from: WorkerId, to: WorkerId) => KnownLink | undefined;
}

/** Times of one token. */
export interface TokenTime {
  milliseconds: number;
  stages: PredictedStage[];
  hops: PredictedHop[];
}

/** @param stages all of one replica, in order; their workers are in the grid */
export function tokenTime(
  model: PredictedModel,
  stages: readonly StageToPredict[],
  { workers, link }: PredictedGrid,
): TokenTime {
  const predicted = stages.map(({ workerId, firstLayer, lastLayer }): PredictedStage => {
    const worker = workers.find(({ id }) => id === workerId);
    if (!worker) throw new Error(`worker ${workerId} is not in the grid`);
    const weightBytes = weightBytesPerToken(model, { firstLayer, lastLayer });
    const estimate = stepTime(worker.device, worker.samples, { model: model.id, weightBytes });
    return { nodeId: workerId, nodeName: worker.name, firstLayer, lastLayer, ...estimate };
  });
  const hops = stages.flatMap(({ workerId }, index): PredictedHop[] => {
    const next = stages[(index + 1) % stages.length];
    if (!next || next.workerId === workerId) return [];
    const bytes = frameBytesPerToken(model, next.firstLayer);
    const known = link(workerId, next.workerId);
    return [{ fromNodeId: workerId, toNodeId: next.workerId, bytes, ...hopTime(known, bytes) }];
  });
  const milliseconds = [...predicted, ...hops].reduce((sum, part) => sum + part.milliseconds, 0);
  return { milliseconds, stages: predicted, hops };
}
