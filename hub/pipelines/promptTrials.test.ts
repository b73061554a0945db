import { randomUUID } from 'node:crypto';
import { PipelineId, WorkerId, type StageCache } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { chunkTokensOf } from '../placement/promptChunks.ts';
import { testModel } from '../testing/testModel.ts';
import { assignmentsOf } from './assignmentsOf.ts';
import { newStages, type Pipeline, type Stage } from './pipeline.ts';
import { applyStageReport } from './state/stageReport.ts';

const id = PipelineId.parse(randomUUID());

function pipeline(mostChunkTokens: number): Pipeline & { stages: readonly [Stage] } {
  const target = {
    ...{ workerId: WorkerId.parse(randomUUID()), workerName: 'one', firstLayer: 0, lastLayer: 7 },
    ...{ memoryBytes: 1e9, cacheBytes: 1e8, mostChunkTokens },
  };
  return { id, epoch: 1, stages: newStages(id, [target], [], 0) as [Stage] };
}

/** What the worker of the only stage is asked to time. */
async function trialsOf(mostChunkTokens: number, capacityPadded = true): Promise<number[] | undefined> {
  const model = await testModel();
  const cache: StageCache = {
    ...{ layer: 0, kind: 'attention', input: 'past', output: 'present', type: 'float32' },
    ...{ dims: [1, 1, 'past', 8], sequenceAxis: 2, capacityPadded },
  };
  const description = { ...(await model.cutStage(0, 7)), caches: [cache] };
  const { stages, ...rest } = pipeline(mostChunkTokens);
  const cut = { ...rest, stages: stages.map((stage) => ({ ...stage, description })) };
  return assignmentsOf(cut, 1000)[0]?.[1].promptTrials;
}

test('stages are asked to time the chunks that have room, where their attention is one operator', async () => {
  expect(await trialsOf(2048)).toEqual([256, 512, 1024, 2048]);
  expect(await trialsOf(512)).toEqual([256, 512]);
  expect(await trialsOf(256)).toBeUndefined();
  expect(await trialsOf(2048, false)).toBeUndefined();
});

test('a pipeline knows the times that its stages report, and keeps them', () => {
  const [assigned] = pipeline(2048).stages;
  const { assignmentId } = assigned;
  const promptSteps = [256, 512].map((tokens) => ({ tokens, milliseconds: 20 }));
  const report = { type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e8 } as const;
  const ready = applyStageReport(assigned, { ...report, promptSteps }, 'cpu');
  expect(chunkTokensOf([assigned])).toBe(256);
  expect(chunkTokensOf([ready])).toBe(512);
  expect(chunkTokensOf([applyStageReport(ready, report, 'cpu')])).toBe(512);
});
