/** Stages of the random test decoders, disposed of after each test. */
import { tinyDecoder } from '@potluck/onnx/testing';
import { onTestFinished } from 'vitest';
import type { OrtModule } from '../ortModule.ts';
import { createStage } from '../stage/createStage.ts';
import type { Stage, StageArtifact } from '../contract/stage.ts';
import type { StageOptions } from '../stage/stageOptions.ts';
import { importRandomModel, type ImportedModel } from './importedModel.ts';
import { nodeOrt } from './nodeOrt.ts';
import { TestPipeline } from './testPipeline.ts';

export const cacheBytes = 4 * 1024 * 1024;
export const prompt = [1, 7, 33, 200, 55, 400, 12, 99, 300, 4];
const models = new Map<string, Promise<ImportedModel>>();

/** Imported once, when a test asks for it. */
export function model(style: 'fused' | 'plain'): Promise<ImportedModel> {
  let found = models.get(style);
  if (!found) {
    const weights = style === 'plain' ? 'f32' : 'q4';
    found = importRandomModel({ ...tinyDecoder, tokenizer: false, weights, style });
    models.set(style, found);
  }
  return found;
}

/** For the test that calls it. Not `afterEach` here: of a module that files share, it would be the first file's alone. */
export async function stageOf(
  artifact: StageArtifact,
  options: Partial<StageOptions> = {},
  ort: OrtModule = nodeOrt,
) {
  const stage = await createStage(ort, artifact, {
    executionProviders: ['cpu'],
    cacheStrategy: 'rows',
    cacheBytes,
    threads: 1,
    ...options,
  });
  onTestFinished(() => stage.dispose());
  return stage;
}

export async function pipelineOf(
  style: 'fused' | 'plain',
  count: number,
  options: Partial<StageOptions> = {},
) {
  const stages: Stage[] = [];
  for (const artifact of (await model(style)).stages(count)) stages.push(await stageOf(artifact, options));
  return new TestPipeline(stages);
}
