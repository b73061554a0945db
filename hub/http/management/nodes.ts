/** The workers that are here, and what each does. */
import type { Deployment } from '../../pipelines/deployment.ts';
import { routeOf, type Stage } from '../../pipelines/pipeline.ts';
import type { WorkerRegistry } from '../../workers/workerRegistry.ts';

/** What `GET /api/nodes` answers. */
export function describeNodes(registry: WorkerRegistry, deployment: Deployment): Record<string, unknown> {
  const pipeline = deployment.pipeline;
  return {
    deployment: {
      model: deployment.model.package.id,
      layers: deployment.model.package.layers.length,
      ready: deployment.ready !== undefined,
      missing: deployment.missing ?? null,
      epoch: pipeline?.epoch ?? null,
      route: pipeline ? routeOf(pipeline.stages) : null,
    },
    nodes: [...registry.table.values()].map((worker) => {
      const stages = pipeline?.stages.filter((stage) => stage.workerId === worker.id) ?? [];
      return {
        id: worker.id,
        name: worker.name,
        kind: worker.kind,
        version: worker.version,
        device: worker.device,
        memoryBytes: worker.memoryBytes,
        joinedAt: worker.joinedAt,
        ...(worker.presence && { presence: worker.presence }),
        role: stages.length > 0 ? 'serving' : 'standby',
        stages: stages.map(describeStage),
        peers: [...worker.peers].map(([id, link]) => ({ id, ...link })),
      };
    }),
  };
}

function describeStage(stage: Stage): Record<string, unknown> {
  const { description, ...rest } = stage;
  return { ...rest, ...(description ? { weightBytes: description.weightBytes } : {}) };
}
