/** Leads what stages say about their speed to the book of speeds. */
import type { StageReport } from '@potluck/protocol';
import type { RequestRecord } from '../generation/requestRecord.ts';
import type { Generator } from '../generation/generator.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { weightBytesPerToken, type PredictedModel } from '../placement/prediction/tokenBytes.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';

export interface FollowSpeedsComponents {
  registry: WorkerRegistry;
  deployments: Deployments;
  generator: Pick<Generator, 'listen'>;
  speeds: SpeedBook;
}

/** Answers with fewer tokens say little. */
const leastSteps = 4;

/** Follows for as long as the hub runs. */
export function followSpeeds({ registry, deployments, generator, speeds }: FollowSpeedsComponents): void {
  registry.listen({
    message: (worker, message) => {
      if (message.type === 'stage-report') tried(worker, message);
    },
  });
  generator.listen({ ended: (_, record) => served(record) });

  function tried(worker: WorkerRecord, { assignmentId, tokenStepMs }: StageReport): void {
    if (tokenStepMs === undefined) return;
    for (const { model, replicas } of deployments.list) {
      for (const stage of replicas.flatMap(({ pipeline }) => pipeline?.stages ?? [])) {
        if (stage.assignmentId !== assignmentId || stage.workerId !== worker.id) continue;
        speeds.measured(worker, sample(model.package, stage, tokenStepMs, 'tried'));
      }
    }
  }

  function served({ model: id, stages }: RequestRecord): void {
    const model = deployments.find(id)?.model.package;
    if (!model) return;
    for (const stage of stages) {
      const worker = registry.table.get(stage.workerId);
      const { tokenSteps = 0, tokenStepsMs = 0 } = stage.timings ?? {};
      if (!worker || tokenSteps < leastSteps) continue;
      speeds.measured(worker, sample(model, stage, tokenStepsMs / tokenSteps, 'served'));
    }
  }
}

function sample(
  model: PredictedModel,
  range: { firstLayer: number; lastLayer: number },
  milliseconds: number,
  source: 'served' | 'tried',
): Parameters<SpeedBook['measured']>[1] {
  return { model: model.id, weightBytes: weightBytesPerToken(model, range), milliseconds, source };
}
