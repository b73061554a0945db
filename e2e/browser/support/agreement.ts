/** A tab on WebGPU and one on wasm find the same tokens likeliest as Node does. */
import { expect, test, type Browser } from './fixtures.ts';
import { importModel, importRandomModel, type ImportedModel } from '@potluck/engine/testing';
import { threadStageHost } from '@potluck/node-worker';
import { tinyDecoder } from '@potluck/onnx/testing';
import { silentLog } from '@potluck/worker';
import { join } from 'node:path';
import type { ArtifactInMemory } from '../page/engine.ts';
import { openEngine } from './enginePage.ts';
import type { TestPage } from './testPage.ts';
import { topTokens } from './topTokens.ts';

const leastAgreement = 0.99;
const vocabularySize = 512;
const realExports = process.env.POTLUCK_TEST_MODELS;

/** Small models of random weights: real exports of each family where there are some, else a made one. */
const models: Record<string, () => Promise<ImportedModel>> = realExports
  ? Object.fromEntries(
      ['llama', 'qwen2', 'qwen3', 'phi3', 'lfm2'].map((family) => [
        family,
        () => importModel(join(realExports, 'architectures', family)),
      ]),
    )
  : {
      // Activations in float32 everywhere, as WebGPU has them.
      random: () => importRandomModel({ ...tinyDecoder, tokenizer: false, accuracyLevel: 1 }),
    };

/**
 * @param leastTokens how many given ones are compared at least, of all models together
 * @param mostOnWasm of how many models are compared on wasm, too
 */
export async function expectAgreement(
  { browser, site }: { browser: Browser; site: TestPage },
  leastTokens: number,
  mostOnWasm = Infinity,
): Promise<void> {
  const tokensOfEach = Math.ceil(leastTokens / Object.keys(models).length);
  await using context = await browser.newContext();
  const page = await openEngine(context, site);
  const node = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  let compared = 0;
  for (const [index, [name, load]] of Object.entries(models).entries()) {
    const model = await load();
    // Hosts take the buffers away, so each stage has its own.
    const cut = (count: number): ArtifactInMemory[] =>
      model.stages(count).map((artifact) => structuredClone(artifact) as ArtifactInMemory);
    const sequences = sequencesOf(tokensOfEach);
    const expected = (await topTokens(node, cut(1), sequences)).flat();
    expect(expected.length).toBeGreaterThanOrEqual(tokensOfEach);
    expect(new Set(expected).size, 'different tokens').toBeGreaterThan(Math.min(10, tokensOfEach / 5));
    // The same kernels: cutting changes nothing.
    expect((await topTokens(node, cut(3), sequences)).flat()).toEqual(expected);
    const backends = index < mostOnWasm ? (['wasm', 'webgpu'] as const) : (['webgpu'] as const);
    for (const backend of backends) {
      const answers = await page.evaluate(
        (work) => topTokensOn(work.backend, work.artifacts, work.sequences),
        { backend, artifacts: cut(3), sequences },
      );
      const agreement = share(answers.flat(), expected);
      const description = `${(100 * agreement).toFixed(1)} % of ${expected.length} tokens`;
      test.info().annotations.push({ type: `${name} on ${backend}`, description });
      expect(agreement, `${name} on ${backend}`).toBeGreaterThanOrEqual(leastAgreement);
    }
    compared += expected.length;
  }
  await node.close();
  expect(compared).toBeGreaterThanOrEqual(leastTokens);
}

/** Tokens in no order, in sequences that fit into the models' context of 256, for `count` compared ones or a few more. */
function sequencesOf(count: number): number[][] {
  const longest = 250;
  const perSequence = 230;
  const sequences = Math.ceil(count / perSequence);
  const length = longest - perSequence + Math.ceil(count / sequences);
  return Array.from({ length: sequences }, (_, sequence) =>
    Array.from({ length }, (_unused, index) => (index ** 3 + 89 * index + 31 * sequence) % vocabularySize),
  );
}

/** @returns which part of `expected` is the same in `found` */
function share(found: readonly number[], expected: readonly number[]): number {
  expect(found).toHaveLength(expected.length);
  return expected.filter((token, index) => token === found[index]).length / expected.length;
}
