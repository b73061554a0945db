/** A deployment as the API shows it. */
import type { Deployment as DeploymentView, Replica as ReplicaView } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { Generator } from '../../generation/generator.ts';
import { missingOf, type Deployment, type Replica } from '../../pipelines/deployment.ts';
import { servedContext } from '../../pipelines/servedContext.ts';
import { routeOf } from '../../pipelines/pipeline.ts';
import { describeSharedParts } from '../../pipelines/sharedParts.ts';
import { viewStage } from './nodeView.ts';

export interface DeploymentViewComponents {
  generator: Pick<Generator, 'loadOf' | 'lastAnswerOf'>;
  /** The model that answers where none is named. */
  defaultModel: () => string | undefined;
}

export function viewDeployment(
  { generator, defaultModel }: DeploymentViewComponents,
  deployment: Deployment,
): DeploymentView {
  const { model, plan, revision, createdAt, replicas } = deployment;
  const context = servedContext(deployment);
  return {
    model: model.package.id,
    isDefault: model.package.id === defaultModel(),
    revision,
    plan,
    layers: model.package.layers.length,
    ready: replicas.some(({ ready }) => ready),
    missing: missingOf(deployment) ?? null,
    contextLength: context?.tokens ?? null,
    contextReason: context?.reason ?? null,
    partsReason: describeSharedParts(deployment) ?? null,
    replicas: replicas.map((replica, index) => viewReplica(generator, replica, index)),
    createdAt,
  };
}

function viewReplica(
  generator: DeploymentViewComponents['generator'],
  { id, model, pipeline, ready, missing, retiring }: Replica,
  index: number,
): ReplicaView {
  return {
    index,
    epoch: pipeline?.epoch ?? null,
    ready: ready !== undefined,
    missing: missing ?? (retiring === undefined ? null : hubText('answers-end-first', { reason: retiring })),
    route: pipeline ? routeOf(pipeline.stages) : null,
    stages: (pipeline?.stages ?? []).map((stage, stageIndex) =>
      viewStage(stage, { model: model.package.id, replica: index, stageIndex }),
    ),
    ...generator.loadOf(id),
    lastAnswer: generator.lastAnswerOf(id) ?? null,
  };
}
