/** Exports of real model families answer through stages what the whole model answers. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OrtModule } from '../ortModule.ts';
import { RunQueue } from '../queue/runQueue.ts';
import { importOnce } from '../testing/importedModel.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { expectedAnswers, testModels } from '../testing/testModels.ts';
import { TestPipeline } from '../testing/testPipeline.ts';
import { webOrt } from '../testing/webOrt.ts';
import { answerWhole } from '../testing/wholeModel.ts';
import { createStage } from './createStage.ts';
import type { StageOptions } from './stageOptions.ts';

/** @returns how many of the expected answers came out, checked one by one */
async function checkAnswers(
  ort: OrtModule,
  folder: string,
  graph: string,
  count: number,
  options: Pick<StageOptions, 'executionProviders' | 'cacheStrategy' | 'threads' | 'floatWeights'>,
): Promise<void> {
  const directory = path.join(testModels ?? '', folder);
  const model = await importOnce(directory, `${graph}.onnx`);
  const queue = new RunQueue();
  const stages = await Promise.all(
    model
      .stages(count)
      .map((artifact) => createStage(ort, artifact, { ...options, queue, cacheBytes: 64 * 1024 * 1024 })),
  );
  const pipeline = new TestPipeline(stages);
  for (const { prompt_ids: prompt, greedy_ids: answer } of await expectedAnswers(
    directory,
    graph === 'model' ? undefined : graph,
  )) {
    // Kernels for quantised weights round differently from one kind of processor to the next, and for one row.
    const dummyRows = stages.every(({ stepShape }) => stepShape.members > 1);
    const expected =
      graph === 'model'
        ? answer
        : await answerWhole(directory, `${graph}.onnx`, prompt, answer.length, { dummyRows });
    expect(await pipeline.answer(prompt, expected.length)).toEqual(expected);
  }
  for (const stage of stages) await stage.dispose();
}

describe.skipIf(testModels === undefined)('under onnxruntime-node on the CPU', () => {
  const cpu = { executionProviders: ['cpu'], threads: 1 } as const;
  const families = ['llama', 'qwen2', 'qwen3', 'phi3', 'lfm2'];
  const cases = families.flatMap((family) => [
    { family, cacheStrategy: 'rows' as const, count: 1 },
    { family, cacheStrategy: 'rows' as const, count: 3 },
    { family, cacheStrategy: 'growing' as const, count: 2 },
  ]);

  it.each(cases)('$family answers as expected with $cacheStrategy caches in $count stages', (options) =>
    checkAnswers(nodeOrt, `architectures/${options.family}`, 'model', options.count, { ...cpu, ...options }),
  );

  it.each([
    ['model_q4', 'rows'],
    ['model_q4', 'growing'],
    ['model_q4f16', 'rows'],
    ['model_q4f16', 'growing'],
  ] as const)(
    'a trained model (%s) answers as expected with %s caches in two stages',
    (graph, cacheStrategy) => checkAnswers(nodeOrt, 'minimind2-small', graph, 2, { ...cpu, cacheStrategy }),
  );
});

describe.skipIf(testModels === undefined)('under onnxruntime-web on wasm', () => {
  const wasm = { executionProviders: ['wasm'] } as const;

  it.each(['llama', 'qwen2', 'qwen3', 'phi3', 'lfm2'])(
    '%s answers as expected in two stages',
    async (family) => {
      const ort = await webOrt();
      for (const more of [
        { cacheStrategy: 'growing' },
        { cacheStrategy: 'rows' },
        // As tabs have it.
        { cacheStrategy: 'rows', floatWeights: true },
      ] as const) {
        await checkAnswers(ort, `architectures/${family}`, 'model', 2, { ...wasm, ...more });
      }
    },
  );
});
