/** Which nodes serve which layers of a model: kept, so that after a restart of the hub each gets what it has loaded. */
import { RunShape, WorkerId } from '@potluck/protocol';
import { z } from 'zod';
import type { Deployment } from '../pipelines/deployment.ts';
import type { ServedBefore } from '../pipelines/state/events.ts';
import type { ValueStore } from '../settings/valueStore.ts';

const name = 'serving-stages';
const count = z.number().int().nonnegative();
const Stage = z.object({
  workerId: WorkerId,
  firstLayer: count,
  lastLayer: count,
  ran: z.object({ runShape: RunShape, deviceKind: z.string() }).optional(),
});
const ServingNodes = z.record(z.string(), z.object({ epoch: count, replicas: z.array(z.array(Stage)) }));

export async function keepServingNodes(
  values: ValueStore,
  deployments: readonly Deployment[],
): Promise<void> {
  const serving = deployments.map(({ model, replicas }) => {
    const ready = replicas.flatMap((replica) => replica.ready ?? []);
    const served: ServedBefore = {
      epoch: Math.max(0, ...ready.map(({ epoch }) => epoch)),
      replicas: ready.map(({ stages }) =>
        stages.map(({ workerId, firstLayer, lastLayer, ran }) => ({ workerId, firstLayer, lastLayer, ran })),
      ),
    };
    return [model.package.id, served] as const;
  });
  await values.put(name, Object.fromEntries(serving));
}

/** A node said goodbye: the next run of the hub does not wait for it. */
export async function forgetServingNode(values: ValueStore, gone: WorkerId): Promise<void> {
  const { data = {} } = ServingNodes.safeParse(await values.get(name));
  const serving = Object.values(data).flatMap(({ replicas }) => replicas.flat());
  if (!serving.some(({ workerId }) => workerId === gone)) return;
  const without = Object.entries(data).map(([model, { epoch, replicas }]) => {
    const stayed = replicas.map((stages) => stages.filter(({ workerId }) => workerId !== gone));
    return [model, { epoch, replicas: stayed }] as const;
  });
  await values.put(name, Object.fromEntries(without));
}

/** @returns by the ids of models; none where nothing was kept */
export async function readServingNodes(values: ValueStore): Promise<ReadonlyMap<string, ServedBefore>> {
  const { data = {} } = ServingNodes.safeParse(await values.get(name));
  return new Map(
    Object.entries(data).filter(([, { replicas }]) => replicas.some(({ length }) => length > 0)),
  );
}
