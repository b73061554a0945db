/** Weights that are unpacked when a stage is loaded: the same answers, for some of the caches' room. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { tinyDecoder } from '@potluck/onnx/testing';
import { describe, expect, it } from 'vitest';
import { importRandomModel } from '../testing/importedModel.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { TestPipeline } from '../testing/testPipeline.ts';
import { cacheBytes, prompt, stageOf } from '../testing/tinyStages.ts';
import { webOrt } from '../testing/webOrt.ts';
import type { InferenceSession } from 'onnxruntime-common';
import type { OrtModule } from '../ortModule.ts';
import type { StageArtifact } from '../contract/stage.ts';
import type { StageOptions } from './stageOptions.ts';
import { unpackWeights } from './unpackWeights.ts';

/** Activations stay float32 in the packed kernels too, so that both compute with the same numbers. */
const artifacts = async (zeroPoints: boolean): Promise<StageArtifact[]> =>
  (await importRandomModel({ ...tinyDecoder, tokenizer: false, accuracyLevel: 1, zeroPoints })).stages(2);

/** As tabs have them; Node's binding takes none. */
const asBlobs = (artifact: StageArtifact): StageArtifact => ({
  ...artifact,
  weights: artifact.weights.map(({ path, data }) => ({ path, data: new Blob([data as BlobPart]) })),
});

describe.each([false, true])('with zero points: %s', (zeroPoints) => {
  it.each(['node', 'wasm'] as const)('a model answers as with packed weights, on %s', async (runtime) => {
    const ort = runtime === 'node' ? nodeOrt : await webOrt();
    const options: Partial<StageOptions> = { executionProviders: [runtime === 'node' ? 'cpu' : 'wasm'] };
    const packed = [];
    const unpacked = [];
    for (const artifact of await artifacts(zeroPoints)) {
      packed.push(await stageOf(artifact, options, ort));
      const given = runtime === 'node' ? artifact : asBlobs(artifact);
      unpacked.push(await stageOf(given, { ...options, floatWeights: true }, ort));
    }
    expect(await new TestPipeline(unpacked).answer(prompt, 40)).toEqual(
      await new TestPipeline(packed).answer(prompt, 40),
    );
    for (const stage of packed) expect(stage.cacheBytes).toBe(cacheBytes);
    for (const stage of unpacked) expect(stage.cacheBytes).toBeLessThan(cacheBytes);
  });
});

it('as many weights are unpacked as leave half of the room to caches, and a session of full length', async () => {
  const [artifact] = await artifacts(false);
  if (!artifact) throw new Error('a stage expected');
  const { contextLength, cacheBytesPerToken } = artifact.description;
  const session = contextLength * cacheBytesPerToken;
  const floatBytes = (unpacked: StageArtifact): number =>
    unpacked.weights.reduce(
      (sum, { path, data }) =>
        path.startsWith('potluck-float-') && ArrayBuffer.isView(data) ? sum + data.byteLength : sum,
      0,
    );
  const all = floatBytes((await unpackWeights(artifact, cacheBytes)).artifact);
  const some = await unpackWeights(artifact, 0.6 * all + session);
  expect(floatBytes(some.artifact)).toBeGreaterThan(0);
  expect(floatBytes(some.artifact)).toBeLessThan(all);
  expect(some.cacheBytes).toBeGreaterThanOrEqual((0.6 * all + session) / 2);
  expect(some.cacheBytes).toBeGreaterThanOrEqual(session);
  expect(await unpackWeights(artifact, session)).toEqual({ artifact, cacheBytes: session });
});

it('a loaded stage keeps no weights beside those of the runtime', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const given: WeakRef<object>[] = [];
  const web = await webOrt();
  const watched = {
    Tensor: web.Tensor,
    InferenceSession: {
      create: (graph: Uint8Array, options: InferenceSession.SessionOptions) => {
        for (const file of options.externalData ?? []) {
          if (typeof file === 'object' && typeof file.data === 'object') given.push(new WeakRef(file.data));
        }
        return web.InferenceSession.create(graph, options);
      },
    },
  } as unknown as OrtModule;
  const options: Partial<StageOptions> = { executionProviders: ['wasm'], floatWeights: true };
  const stage = await stageOf(asBlobs((await artifacts(false))[0] as StageArtifact), options, watched);
  expect(given.length).toBeGreaterThan(0);
  // References live on until the task in which they were made has ended.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(given.filter((reference) => reference.deref() !== undefined)).toEqual([]);
  expect(stage.cacheBytes).toBeLessThan(cacheBytes);
});
