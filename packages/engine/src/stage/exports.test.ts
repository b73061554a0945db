/**
 * What people really have: exports that each differ in one way are served whole and in stages with the text of the
 * original, or refused by their right name.
 */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { RunQueue } from '../queue/runQueue.ts';
import { importOnce } from '../testing/importedModel.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { testModels } from '../testing/testModels.ts';
import { TestPipeline } from '../testing/testPipeline.ts';
import { answerWhole, type WholeModelOptions } from '../testing/wholeModel.ts';
import { createStage } from './createStage.ts';

const prompt = [1, 7, 33, 200, 55, 400, 17, 80];

const directoryOf = (folder: string): string => path.join(testModels ?? '', 'exports', folder);

async function answerInStages(
  folder: string,
  graph: string,
  stageCount: number,
  cacheStrategy: 'rows' | 'growing',
  count: number,
): Promise<number[]> {
  const model = await importOnce(directoryOf(folder), `${graph}.onnx`);
  const queue = new RunQueue();
  const stages = await Promise.all(
    model.stages(stageCount).map((artifact) =>
      createStage(nodeOrt, artifact, {
        executionProviders: ['cpu'],
        threads: 1,
        cacheStrategy,
        queue,
        cacheBytes: 16 * 1024 * 1024,
      }),
    ),
  );
  const answer = await new TestPipeline(stages).answer(prompt, count);
  for (const stage of stages) await stage.dispose();
  return answer;
}

/** Of the exports with a sliding window: 32 tokens. */
const window = 32;
const ring = { ring: { symbol: 'sliding', rows: window } };

interface ServedExport {
  folder: string;
  graph: string;
  /** Tokens to compare; with a sliding window, well past it. */
  count?: number;
  reference?: WholeModelOptions;
}

const served: ServedExport[] = [
  // A ring of as many rows as the window has in the original, all tokens in the stages.
  { folder: 'genai-gemma2', graph: 'model', count: 2 * window, reference: ring },
  { folder: 'genai-gptoss_int4', graph: 'model', count: 2 * window, reference: ring },
  // One more output.
  { folder: 'genai-qwen3_hidden', graph: 'model' },
  // An activation of unknown shape beside a weight of known shape.
  { folder: 'optimum-gemma3_text', graph: 'model', count: 2 * window },
  { folder: 'optimum-bloom_bnb4', graph: 'model_bnb4' },
  // Token ids reshaped before the first layer.
  { folder: 'optimum-gpt2', graph: 'model' },
  { folder: 'optimum-gpt_bigcode', graph: 'model' },
  { folder: 'optimum-opt', graph: 'model' },
  // Half precision of plain operators.
  { folder: 'optimum-llama_f16', graph: 'q4f16_infer' },
  { folder: 'optimum-llama_f16', graph: 'q4f16_io_infer' },
  { folder: 'optimum-llama_f16', graph: 'q4f16_io_noinfer' },
  { folder: 'optimum-llama_f16', graph: 'q4f16_logits' },
  { folder: 'optimum-llama_int8', graph: 'model_q8' },
  { folder: 'optimum-llama_merged', graph: 'decoder_with_past_model' },
];

describe.skipIf(testModels === undefined)('an export as people have it', () => {
  it.each(served)(
    '$folder $graph says whole and in two stages what the original says',
    async ({ folder, graph, count = 16, reference }) => {
      const expected = await answerWhole(directoryOf(folder), `${graph}.onnx`, prompt, count, reference);
      expect(expected).toHaveLength(count);
      for (const [stageCount, strategy] of [
        [1, 'rows'],
        [2, 'rows'],
        [2, 'growing'],
      ] as const) {
        expect(
          await answerInStages(folder, graph, stageCount, strategy, count),
          `${stageCount} stages, caches by ${strategy}`,
        ).toEqual(expected);
      }
    },
  );

  it('dynamic int8, which is rewritten on purpose, says the same whole and in two stages', async () => {
    const [whole, stages] = await Promise.all(
      [1, 2].map((count) => answerInStages('optimum-llama_int8', 'model_quantized', count, 'rows', 24)),
    );
    expect(whole).toHaveLength(24);
    expect(stages).toEqual(whole);
  });
});
