/** Writes down how fast stages were: when they were tried, and in answers. */
import type { StageReport } from '@potluck/protocol';
import type { Logger } from 'pino';
import type { RequestRecord } from '../generation/requestRecord.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import type { StepSample } from '../placement/prediction/samples.ts';
import { weightBytesPerToken, type PredictedModel } from '../placement/prediction/tokenBytes.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';

export interface NoteSpeedsComponents {
  registry: Pick<WorkerRegistry, 'table'>;
  deployments: Pick<Deployments, 'find' | 'stageOf'>;
  speeds: SpeedBook;
  logger: Logger;
}

/** Answers with fewer tokens say little. */
const leastSteps = 4;

/** @returns what takes the reports of stages, and requests that have ended */
export function noteSpeeds({ registry, deployments, speeds, logger }: NoteSpeedsComponents): {
  tried(worker: WorkerRecord, report: StageReport): void;
  served(record: RequestRecord): void;
} {
  return { tried, served };

  function tried(worker: WorkerRecord, { assignmentId, tokenStepMs, promptSteps = [] }: StageReport): void {
    if (tokenStepMs === undefined) return;
    const assigned = deployments.stageOf(worker.id, assignmentId);
    if (!assigned) return;
    const step = describeStep(worker, assigned.model.package, assigned.stage, 'tried');
    told(worker, speeds.measured(worker, { ...step, milliseconds: tokenStepMs }));
    for (const prompt of promptSteps) told(worker, speeds.measuredPrompt(worker, { ...step, ...prompt }));
  }

  function served({ model: id, stages }: RequestRecord): void {
    const model = deployments.find(id)?.model.package;
    if (!model) return;
    for (const stage of stages) {
      const worker = registry.table.get(stage.workerId);
      if (!worker || !stage.timings) continue;
      const { steps, tokens, tokenSteps, tokenStepsMs, promptStepsMs } = stage.timings;
      const step = describeStep(worker, model, stage, 'served');
      if (tokenSteps >= leastSteps) {
        told(worker, speeds.measured(worker, { ...step, milliseconds: tokenStepsMs / tokenSteps }));
      }
      const chunks = steps - tokenSteps;
      if (chunks < 1) continue;
      const prompt = { tokens: (tokens - tokenSteps) / chunks, milliseconds: promptStepsMs / chunks };
      told(worker, speeds.measuredPrompt(worker, { ...step, ...prompt }));
    }
  }

  function told({ name }: WorkerRecord, refused: string | undefined): void {
    if (refused !== undefined) logger.warn({ worker: name, reason: refused }, 'a measurement is refused');
  }
}

function describeStep(
  { presence }: WorkerRecord,
  model: PredictedModel,
  range: { firstLayer: number; lastLayer: number },
  source: StepSample['source'],
): Omit<StepSample, 'milliseconds'> {
  const isHidden = presence !== undefined && presence !== 'visible';
  return {
    model: model.id,
    weightBytes: weightBytesPerToken(model, range),
    source,
    ...(isHidden ? { hidden: true } : {}),
  };
}
