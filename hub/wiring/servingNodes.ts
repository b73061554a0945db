/** Which nodes serve which model: kept, so that after a restart of the hub each gets the layers that it has loaded. */
import { WorkerId } from '@potluck/protocol';
import { z } from 'zod';
import type { Deployment } from '../pipelines/deployment.ts';
import type { ValueStore } from '../settings/valueStore.ts';

const name = 'serving-nodes';
const ServingNodes = z.record(z.string(), z.array(WorkerId));

export async function keepServingNodes(
  values: ValueStore,
  deployments: readonly Deployment[],
): Promise<void> {
  const serving = deployments.map(({ model, replicas }) => {
    const stages = replicas.flatMap(({ ready }) => ready?.stages ?? []);
    return [model.package.id, [...new Set(stages.map(({ workerId }) => workerId))]] as const;
  });
  await values.put(name, Object.fromEntries(serving));
}

/** @returns by the ids of models; none where nothing was kept */
export async function readServingNodes(values: ValueStore): Promise<ReadonlyMap<string, WorkerId[]>> {
  const { data = {} } = ServingNodes.safeParse(await values.get(name));
  return new Map(Object.entries(data));
}
