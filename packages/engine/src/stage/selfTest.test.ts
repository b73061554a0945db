import { selfTestingStageHost, silentLog } from '@potluck/worker';
import { expect, it } from 'vitest';
import type { StageArtifact } from '../contract/stage.ts';
import type { StageHost } from '../contract/stageHost.ts';
import { cacheBytes, model, stageOf } from '../testing/tinyStages.ts';

/** Stages on the CPU; `spoil` changes what they answer. */
function host(spoil?: (bytes: Uint8Array) => void): StageHost & { loads: string[]; close(): void } {
  const loads: string[] = [];
  return {
    loads,
    close: () => undefined,
    async load(artifact) {
      const { firstLayer, lastLayer } = artifact.description;
      loads.push(`${firstLayer}-${lastLayer}`);
      const stage = await stageOf(artifact);
      return {
        ...stage,
        step: async (request) => {
          const result = await stage.step(request);
          for (const { bytes } of result.boundary ?? []) spoil?.(bytes);
          return result;
        },
        lost: new Promise<never>(() => undefined),
      };
    },
  };
}

for (const style of ['fused', 'plain'] as const) {
  for (const count of [1, 2, 4]) {
    it(`a right device passes with its first layer, ${style} model in ${count} stages`, async () => {
      for (const artifact of (await model(style)).stages(count)) {
        const tested = host();
        const reference = host();
        const wrong: string[] = [];
        const testing = selfTestingStageHost(
          { host: tested, openReference: () => reference, log: silentLog },
          { onWrong: (reason) => wrong.push(reason) },
        );
        await testing.load(artifact, cacheBytes);
        const { firstLayer, lastLayer } = artifact.description;
        const beginning = `${firstLayer}-${firstLayer}`;
        expect(reference.loads).toEqual([beginning]);
        expect(tested.loads).toEqual([beginning, `${firstLayer}-${lastLayer}`]);
        await testing.load(artifact, cacheBytes);
        expect(reference.loads).toHaveLength(1);
        expect(wrong).toEqual([]);
      }
    });
  }
}

it('a device that computes wrong is refused, saying how wrong', async () => {
  const [, artifact] = (await model('fused')).stages(2);
  const wrong: string[] = [];
  const testing = selfTestingStageHost(
    {
      host: host((bytes) => {
        const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
        for (const [index, value] of values.entries()) values[index] = value * 1.1;
      }),
      openReference: () => host(),
      log: silentLog,
    },
    { onWrong: (reason) => wrong.push(reason) },
  );
  await expect(testing.load(artifact as StageArtifact, cacheBytes)).rejects.toThrow(/off by 10\.0 %/);
  expect(wrong).toEqual(['it computes wrong answers (off by 10.0 %)']);
});
