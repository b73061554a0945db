/** How likely the tokens of a prompt are: what the whole model says in one run. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomDecoderGraph, tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import type { FrameTensor, TokenScore } from '@potluck/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CacheStrategyName } from '../cache/cacheStrategy.ts';
import type { Stage, StepResult } from '../contract/stage.ts';
import { BadStepError } from '../errors.ts';
import { importModel, type ImportedModel } from '../testing/importedModel.ts';
import { greedy } from '../testing/testPipeline.ts';
import { prompt, stageOf } from '../testing/tinyStages.ts';
import { logitsOfPrompt } from '../testing/wholeModel.ts';
import { joinRows, rowByRow } from './rowByRow.ts';

const alternatives = 3;

/** What the definition says, in 64 bits. */
function scoreOf(logits: Float32Array, token: number): TokenScore {
  const all = [...logits];
  const normalizer = Math.log(all.reduce((sum, logit) => sum + Math.exp(logit), 0));
  const logprob = (id: number): number => (all[id] ?? 0) - normalizer;
  const best = [...all.keys()].sort((one, other) => logprob(other) - logprob(one)).slice(0, alternatives);
  return { logprob: logprob(token), topLogprobs: best.map((id) => ({ token: id, logprob: logprob(id) })) };
}

describe.each(['fused', 'plain'] as const)('scores of a %s decoder', (style) => {
  let model: ImportedModel;
  let expected: TokenScore[];
  beforeAll(async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'potluck-scores-'));
    await writeRandomDecoder(directory, {
      ...{ ...tinyDecoder, tokenizer: false, style },
      weights: style === 'plain' ? 'f32' : 'q4',
    });
    model = await importModel(directory);
    const logits = await logitsOfPrompt(directory, path.basename(randomDecoderGraph), prompt);
    expected = prompt.slice(1).map((token, index) => scoreOf(logits[index] as Float32Array, token));
    afterAll(() => rm(directory, { recursive: true }));
  });

  async function stages(count: number, cacheStrategy: CacheStrategyName): Promise<Stage[]> {
    const made: Stage[] = [];
    for (const artifact of model.stages(count)) made.push(await stageOf(artifact, { cacheStrategy }));
    for (const stage of made)
      await stage.open({
        cacheId: 'a',
        epoch: 0,
        capacity: 32,
        promptLength: prompt.length,
        sampling: greedy,
      });
    return made;
  }

  /** Runs the prompt in steps of these lengths. @param runStep how the last stage runs a step */
  async function scores(
    all: readonly Stage[],
    lengths: readonly number[],
    runStep = (stage: Stage, request: Parameters<Stage['step']>[0]) => stage.step(request),
  ): Promise<StepResult[]> {
    const results: StepResult[] = [];
    let position = 0;
    for (const length of lengths) {
      let boundary: FrameTensor[] = [];
      const end = position + length;
      const tokens = prompt.slice(position + 1, end + 1);
      for (const stage of all) {
        const isLast = stage === all.at(-1);
        const step = {
          cacheId: 'a',
          epoch: 0,
          position,
          length,
          tokenIds: prompt.slice(position, end),
          boundary,
        };
        const result = isLast
          ? await runStep(stage, { ...step, sample: end === prompt.length, score: { tokens, alternatives } })
          : await stage.step({ ...step, sample: false });
        boundary = result.boundary ?? [];
        if (isLast) results.push(result);
      }
      position = end;
    }
    return results;
  }

  const close = (found: readonly TokenScore[] | undefined): void => {
    const plain = (list: readonly TokenScore[] = []) =>
      list.map(({ logprob, topLogprobs }) => [
        logprob,
        ...topLogprobs.flatMap((top) => [top.token, top.logprob]),
      ]);
    expect(plain(found)).toEqual(
      plain(expected).map((row) => row.map((value) => expect.closeTo(value, 3) as number)),
    );
  };

  it.each([
    [1, 'rows', [10]],
    [2, 'rows', [4, 3, 1, 2]],
    [1, 'growing', [7, 3]],
  ] as const)('%i stages, caches by %s, in steps of %j', async (count, strategy, lengths) => {
    const all = await stages(count, strategy);
    const results = await scores(all, lengths);
    close(results.flatMap(({ scores: told = [] }) => told));
    const [alone] = await stages(1, strategy);
    const plain = {
      cacheId: 'a',
      epoch: 0,
      position: 0,
      length: prompt.length,
      tokenIds: prompt,
      sample: true,
    };
    expect(results.at(-1)?.sampled?.token).toBe((await alone?.step(plain))?.sampled?.token);
  });

  it('a stage that gives logits of one row at a time says the same', async () => {
    const all = await stages(2, 'growing');
    const [result] = await scores(all, [prompt.length], async (stage, request) =>
      joinRows(await Promise.all(rowByRow(stage.description, request).map((row) => stage.step(row)))),
    );
    close(result?.scores);
    expect(result?.sampled).toBeDefined();
  });

  it('no token is scored that is none, or that no row stands before', async () => {
    const [stage] = await stages(1, 'rows');
    const step = { cacheId: 'a', epoch: 0, position: 0, length: 2, tokenIds: [1, 2], sample: false };
    for (const tokens of [[], [1, 1e6], [1, 2, 3]]) {
      const asked = stage?.step({ ...step, score: { tokens, alternatives } });
      await expect(asked).rejects.toThrow(BadStepError);
    }
  });
});
