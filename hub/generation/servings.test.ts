import { PipelineId } from '@potluck/protocol';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Deployment, Replica } from '../pipelines/deployment.ts';
import type { ReadyPipeline } from '../pipelines/pipeline.ts';
import { testModel } from '../testing/testModel.ts';
import { Servings, type ServingsInit } from './servings.ts';

const id = PipelineId.parse('00000000-0000-4000-8000-000000000001');
const stage = {
  ...{ workerName: 'ada', firstLayer: 0, lastLayer: 7, mostChunkTokens: 256, cacheBytes: 1000 },
  description: { caches: [], cacheBytesPerToken: 1, stateBytes: 0 },
};
const ready = {
  id,
  epoch: 1,
  stages: [{ ...stage, stepShape: { graph: 'own', members: 1, rows: 1, replay: 'steps' } }],
} as unknown as ReadyPipeline;

/** Of one model with one replica, whose pipeline has served and was lost. */
async function lostServings(init?: ServingsInit) {
  const model = await testModel();
  const replica = { id, pipeline: ready } as Replica;
  const deployment = { model, replicas: [replica] } as unknown as Deployment;
  let changed = Promise.withResolvers<void>();
  const servings = new Servings(
    {
      deployments: {
        find: () => deployment,
        moved: () => Promise.resolve(),
        isStopped: false,
        nextChange: async ({ signal }) => {
          const over = new Promise<void>((resolve) =>
            signal?.addEventListener('abort', () => resolve(), { once: true }),
          );
          await Promise.race([changed.promise, over]);
        },
      },
      registry: { send: () => true },
      logger: pino({ level: 'silent' }),
    },
    init,
  );
  servings.add(replica, ready);
  servings.lost(ready);
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  return { servings, deployment, change, serve: () => servings.add(replica, { ...ready, epoch: 2 }) };
}

test('requests wait while lost devices are replaced, each share has places, and who has none hears when to ask again', async () => {
  const { servings, deployment, change, serve } = await lostServings();
  const ask = (share: string) => servings.whenServed(deployment, share);
  const waiting = Array.from({ length: 64 }, () => ask('many'));
  await expect(ask('many')).rejects.toMatchObject({
    ...{ code: 'rate_limit_exceeded', retryAfterSeconds: 5 },
    message:
      'The queue for devices in the place of lost ones is full: this request would be number 65 in it ' +
      '(yours before it: 64). Ask again in 5 seconds.',
  });
  waiting.push(...Array.from({ length: 32 }, () => ask('few')));
  // Those who wait keep their places through changes that do not help.
  change();
  await new Promise(setImmediate);
  serve();
  change();
  for (const one of await Promise.all(waiting)) expect(one).toMatchObject([{ pipeline: { epoch: 2 } }]);
});

test('after a restart of the hub, requests wait for the devices of the last run to come back', async () => {
  const { servings, deployment, change, serve } = await lostServings();
  const replica = deployment.replicas[0] as { pipeline: unknown };
  // The devices are not here yet.
  replica.pipeline = undefined;
  await expect(servings.whenServed(deployment, 'me')).rejects.toMatchObject({ code: 'no_capacity' });
  servings.comesBack(deployment.model.package.id);
  const waits = servings.whenServed(deployment, 'me');
  replica.pipeline = ready;
  change();
  await new Promise(setImmediate);
  serve();
  change();
  await expect(waits).resolves.toMatchObject([{ pipeline: { epoch: 2 } }]);
});

test('nobody waits for devices longer than that makes sense, nor for a hub that stops', async () => {
  const short = await lostServings({ recoveryMs: 1 });
  await expect(short.servings.whenServed(short.deployment, 'me')).rejects.toMatchObject({
    code: 'model_loading',
  });
  const { servings, deployment } = await lostServings();
  const waits = servings.whenServed(deployment, 'me');
  servings.stop();
  await expect(waits).rejects.toMatchObject({ code: 'model_loading' });
});

test('a pipeline that is over in another epoch than the one that serves is not lost', async () => {
  const { servings, serve } = await lostServings();
  serve();
  expect(servings.lost(ready)).toBeUndefined();
  expect(servings.find(id)?.pipeline.epoch).toBe(2);
});
