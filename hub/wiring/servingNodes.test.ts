import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import type { Deployment } from '../pipelines/deployment.ts';
import { forgetServingNode, keepServingNodes, readServingNodes } from './servingNodes.ts';

test('the next run of the hub waits for who served, and not for who said goodbye', async () => {
  const kept = new Map<string, unknown>();
  const values = {
    get: (name: string) => Promise.resolve(kept.get(name)),
    put: (name: string, value: unknown) => Promise.resolve(void kept.set(name, value)),
  };
  const [one, two] = [randomUUID(), randomUUID()].map((id) => WorkerId.parse(id)) as [WorkerId, WorkerId];
  const stages = [
    { workerId: one, firstLayer: 0, lastLayer: 3 },
    { workerId: two, firstLayer: 4, lastLayer: 7 },
  ];
  const served = [{ model: { package: { id: 'm' } }, replicas: [{ ready: { epoch: 3, stages } }] }];
  await keepServingNodes(values, served as unknown as Deployment[]);
  expect([...(await readServingNodes(values))]).toEqual([['m', { epoch: 3, replicas: [stages] }]]);
  const [before] = kept.values();
  await forgetServingNode(values, WorkerId.parse(randomUUID()));
  expect([...kept.values()][0]).toBe(before);
  await forgetServingNode(values, one);
  expect((await readServingNodes(values)).get('m')?.replicas).toEqual([stages.slice(1)]);
  await forgetServingNode(values, two);
  expect((await readServingNodes(values)).size).toBe(0);
});
