import { encoderWidth } from '@potluck/onnx/testing';
import { beforeAll, expect, test } from 'vitest';
import type { Stage, StageArtifact } from '../contract/stage.ts';
import { importRandomEncoder } from '../testing/importedEncoder.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { model } from '../testing/tinyStages.ts';
import { createStage } from './createStage.ts';

let artifact: StageArtifact;
beforeAll(async () => {
  artifact = await importRandomEncoder({ seed: 3 });
});

function open(given: StageArtifact): Promise<Stage> {
  const options = { executionProviders: ['cpu'], cacheStrategy: 'rows', cacheBytes: 0, threads: 1 } as const;
  return createStage(nodeOrt, given, options);
}

test('a text has the same vector alone and in company, and the types of its tokens count', async () => {
  const stage = await open(artifact);
  await stage.warmUp();
  const text = { tokenIds: [2, 9, 14, 3] };
  const { vector } = await stage.encode(text);
  expect(vector).toHaveLength(encoderWidth);
  const [again, other] = await Promise.all([
    stage.encode(text),
    stage.encode({ tokenIds: [2, 9, 14, 14, 20, 33, 3] }),
  ]);
  expect(again.vector).toEqual(vector);
  expect(other.vector).not.toEqual(vector);
  const typed = await stage.encode({ ...text, tokenTypes: [0, 0, 1, 1] });
  expect(typed.vector).not.toEqual(vector);
  expect(await stage.usage()).toEqual({ reservedBytes: 0, caches: 0 });
  await stage.dispose();
  await expect(stage.encode(text)).rejects.toMatchObject({ code: 'stage-gone' });
});

test('an encoder refuses what is no text for it, and steps; a decoder refuses texts', async () => {
  const stage = await open(artifact);
  const refused = { code: 'bad-frame' };
  await expect(stage.encode({ tokenIds: [] })).rejects.toMatchObject(refused);
  await expect(stage.encode({ tokenIds: [1e6] })).rejects.toMatchObject(refused);
  await expect(stage.encode({ tokenIds: new Array<number>(65).fill(5) })).rejects.toMatchObject(refused);
  await expect(stage.encode({ tokenIds: [5, 6], tokenTypes: [0] })).rejects.toMatchObject(refused);
  await stage.open({ cacheId: 'a', epoch: 0, capacity: 1, promptLength: 1 });
  const step = { cacheId: 'a', epoch: 0, position: 0, length: 1, tokenIds: [5], sample: false };
  await expect(stage.step(step)).rejects.toMatchObject(refused);
  await stage.dispose();
  const decoder = await createStage(nodeOrt, (await model('fused')).stage({ firstLayer: 0, lastLayer: 3 }), {
    executionProviders: ['cpu'],
    cacheStrategy: 'rows',
    cacheBytes: 1e6,
    threads: 1,
  });
  await expect(decoder.encode({ tokenIds: [1] })).rejects.toMatchObject(refused);
  await decoder.dispose();
});
