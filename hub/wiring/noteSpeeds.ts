/** Writes down how fast stages were: when they were tried, and in answers. */
import type { StageReport, StageTimings } from '@potluck/protocol';
import type { Logger } from 'pino';
import type { RequestRecord, StageRecord } from '../generation/requestRecord.ts';
import { monotonicClock } from '../pipelines/clock.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import { besideSteps, type BesideSteps } from '../placement/prediction/besideSteps.ts';
import type { StepSample } from '../placement/prediction/samples.ts';
import {
  cacheBytesBehind,
  weightBytesPerToken,
  type PredictedModel,
} from '../placement/prediction/tokenBytes.ts';
import type { SpeedBook } from '../workers/speedBook.ts';
import type { WorkerRegistry } from '../workers/workerRegistry.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';

export interface NoteSpeedsComponents {
  registry: Pick<WorkerRegistry, 'table'>;
  deployments: Pick<Deployments, 'find' | 'stageOf'>;
  speeds: SpeedBook;
  logger: Logger;
}

/** A stage in an answer. */
interface ServedStage {
  record: RequestRecord;
  stage: StageRecord;
  timings: StageTimings;
  /** Undefined where that can't be told. */
  beside: BesideSteps | undefined;
}

/** Answers with fewer tokens say little. */
const leastSteps = 4;

/** @returns what takes the reports of stages, and requests that have ended */
export function noteSpeeds({ registry, deployments, speeds, logger }: NoteSpeedsComponents): {
  tried(worker: WorkerRecord, report: StageReport): void;
  served(record: RequestRecord, hadCompany: boolean): void;
} {
  return { tried, served };

  function tried(worker: WorkerRecord, { assignmentId, tokenStepMs, promptSteps = [] }: StageReport): void {
    if (tokenStepMs === undefined) return;
    const assigned = deployments.stageOf(worker.id, assignmentId);
    if (!assigned) return;
    const { stage } = assigned;
    const model = assigned.model.package;
    const step = describeStep(worker, model, stage, 'tried');
    told(worker, speeds.measured(worker, { ...step, milliseconds: tokenStepMs }));
    for (const { tokens, milliseconds, nextTokenMs } of promptSteps) {
      told(worker, speeds.measuredPrompt(worker, { ...step, tokens, milliseconds }));
      if (nextTokenMs === undefined) continue;
      const cacheBytes = cacheBytesBehind(model, stage, tokens);
      told(worker, speeds.measured(worker, { ...step, cacheBytes, milliseconds: nextTokenMs }));
    }
  }

  /** @param hadCompany whether other answers ran meanwhile, whose steps it waited for */
  function served(record: RequestRecord, hadCompany: boolean): void {
    const model = deployments.find(record.model)?.model.package;
    if (!model) return;
    const beside = hadCompany || record.replays > 0 ? undefined : besideSteps(record);
    for (const stage of record.stages) {
      const worker = registry.table.get(stage.workerId);
      if (worker && stage.timings)
        noteStage(worker, model, { record, stage, timings: stage.timings, beside });
    }
  }

  function noteStage(
    worker: WorkerRecord,
    model: PredictedModel,
    { record, stage, timings, beside }: ServedStage,
  ): void {
    const { steps, tokens, tokenSteps, tokenStepsMs, promptStepsMs } = timings;
    const step = describeStep(worker, model, stage, 'served');
    if (tokenSteps >= leastSteps) {
      const context = record.promptTokens + record.completionTokens / 2;
      const cacheBytes = cacheBytesBehind(model, stage, context);
      const milliseconds = tokenStepsMs / tokenSteps;
      told(worker, speeds.measured(worker, { ...step, cacheBytes, milliseconds }));
    }
    const way = beside?.ways.find(({ from }) => from === worker.id);
    if (way) speeds.measuredWay(worker, { to: way.to, relayed: way.relayed, milliseconds: way.milliseconds });
    const chunks = steps - tokenSteps;
    if (chunks < 1) return;
    const request = stage === record.stages[0] && isWarm(worker, model) ? beside?.request : undefined;
    const prompt = {
      ...step,
      tokens: (tokens - tokenSteps) / chunks,
      milliseconds: promptStepsMs / chunks,
      ...(request ? { request } : {}),
    };
    told(worker, speeds.measuredPrompt(worker, prompt));
  }

  /** False for the first answer, before which the tokenizer's process starts and code is compiled. */
  function isWarm(worker: WorkerRecord, { id }: PredictedModel): boolean {
    return speeds.promptSamplesOf(worker).some(({ model, source }) => model === id && source === 'served');
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
): Omit<StepSample, 'milliseconds' | 'cacheBytes'> {
  const isHidden = presence !== undefined && presence !== 'visible';
  return {
    model: model.id,
    weightBytes: weightBytesPerToken(model, range),
    source,
    // By the clock of the pipelines.
    at: monotonicClock.now(),
    ...(isHidden ? { hidden: true } : {}),
  };
}
