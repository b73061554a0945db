import { expect, test } from './support/fixtures.ts';
import { importRandomModel } from '@potluck/engine/testing';
import { exerciseStage } from '@potluck/engine/testing/exercise';
import { threadStageHost } from '@potluck/node-worker';
import { tinyDecoder } from '@potluck/onnx/testing';
import { silentLog } from '@potluck/worker';
import type { ArtifactInMemory } from './page/engine.ts';
import { openEngine } from './support/enginePage.ts';

/** @returns what makes a model in one stage: hosts take the buffers away, so each has its own */
async function wholeModel(): Promise<() => ArtifactInMemory> {
  // Activations in float32 everywhere, as WebGPU has them.
  const model = await importRandomModel({ ...tinyDecoder, tokenizer: false, accuracyLevel: 1 });
  return () => structuredClone(model.stages(1)[0]) as ArtifactInMemory;
}

test('a stage in a tab keeps the contract as one in a thread of Node does; on WebGPU, sessions give in company, bit by bit, what they give alone', async ({
  browser,
  site,
}) => {
  test.setTimeout(400_000);
  await using context = await browser.newContext();
  const page = await openEngine(context, site);
  const whole = await wholeModel();
  const node = threadStageHost({ log: silentLog }, { provider: 'cpu', threads: 1 });
  const expected = await exerciseStage(await node.load(whole(), 64e6));
  await node.close();
  for (const backend of ['wasm', 'webgpu'] as const) {
    const answers = await page.evaluate((work) => exerciseOn(work.backend, work.artifact), {
      backend,
      artifact: whole(),
    });
    expect(answers, backend).toEqual(expected);
  }

  const company = () => page.evaluate((artifact) => companyOn('webgpu', artifact, 6, 8), whole());
  let answers = await company();
  // A stage measures what four rows cost a lone stream, and on a busy machine takes that for too much at times.
  for (let more = 5; more > 0 && answers.stepShape.members === 1; more--) answers = await company();
  const { stepShape, alone, together, mostShared } = answers;
  expect(stepShape).toEqual({ graph: 'slots', members: 16, rows: 4, replay: 'steps' });
  expect(together).toEqual(alone);
  // All but those that waited for nobody.
  expect(mostShared).toBeGreaterThan(2);
});
