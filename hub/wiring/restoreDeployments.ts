/** Deploys what was deployed when the hub was stopped, and what its flags name. */
import type { DeploymentPlan } from '@potluck/api';
import type { Logger } from 'pino';
import type { HubConfig } from './config.ts';
import type { Database } from '../database/database.ts';
import { messageOf } from '../errors/messageOf.ts';
import type { Servings } from '../generation/servings.ts';
import { ModelError } from '../models/modelError.ts';
import { StartError } from '../errors/startError.ts';
import type { LibraryCatalogue } from '../models/libraryCatalogue.ts';
import type { Model } from '../models/model.ts';
import type { ModelRequest } from '../models/modelLibrary.ts';
import { readServingNodes } from './servingNodes.ts';
import { DeploymentError } from '../pipelines/deploymentError.ts';
import type { Deployments } from '../pipelines/deployments.ts';
import type { NodeBook } from '../workers/nodeBook.ts';

export interface RestoreComponents {
  catalogue: LibraryCatalogue;
  deployments: Deployments;
  database: Pick<Database, 'deployments' | 'values'>;
  /** Told of models that the last run served. */
  servings: Pick<Servings, 'comesBack'>;
  nodes: Pick<NodeBook, 'nameOf'>;
  logger: Logger;
  /** True for one of several hubs, which takes over from another. */
  takesOver: boolean;
}

/** Kept once a first start has deployed its model: later ones deploy what is kept. */
const startedName = 'first-deployment-made';

/**
 * The model that was named comes first; without one, the first start deploys the built-in model.
 * @throws ModelError if that model can't be used, StartError if it can't be cut into the forced number of stages
 */
export async function restoreDeployments(
  { catalogue, deployments, database, servings, nodes, logger, takesOver }: RestoreComponents,
  { model: reference, modelGiven, variant, stages }: HubConfig,
): Promise<void> {
  const kept = await database.deployments.list();
  const isFirst = (await database.values.get(startedName)) !== true;
  const served = await readServingNodes(database.values);
  for (const [model, { replicas }] of served) {
    servings.comesBack(model);
    const awaited = new Set(replicas.flat().map(({ workerId }) => nodes.nameOf(workerId)));
    logger.info(
      { model, nodes: [...awaited].join(', ') },
      `waiting some seconds for the nodes that served it before ${takesOver ? 'this hub took over' : 'the hub was started again'}`,
    );
  }
  const forced = (plan: DeploymentPlan): DeploymentPlan =>
    stages === undefined ? plan : { mode: 'shards', count: stages, replicas: 1 };
  const named = { reference, ...(variant === undefined ? {} : { variant }) };
  const model = modelGiven || isFirst ? await openUnlessDamaged(catalogue, named, logger) : undefined;
  if (model) {
    const before = kept.find(({ model: id }) => id === model.package.id);
    const plan = before?.plan ?? { mode: 'automatic', replicas: 1 };
    try {
      deployments.deploy(model, forced(plan), undefined, served.get(model.package.id));
    } catch (error) {
      if (!(error instanceof DeploymentError)) throw error;
      throw new StartError(`--stages ${stages ?? ''}: ${error.message}`, { cause: error });
    }
    if (!before) await database.deployments.put({ model: model.package.id, plan, createdAt: Date.now() });
    await database.values.put(startedName, true);
  }
  for (const { model: id, plan } of kept) {
    if (deployments.find(id)) continue;
    try {
      const model = await catalogue.open(id);
      deployments.deploy(model, modelGiven ? plan : forced(plan), undefined, served.get(id));
    } catch (error) {
      logger.error({ model: id, reason: messageOf(error) }, 'a model is not deployed again');
    }
  }
}

/** A model that was imported and is damaged must not keep the hub from starting: the hub is where it is added again. */
async function openUnlessDamaged(
  catalogue: LibraryCatalogue,
  request: ModelRequest,
  logger: Logger,
): Promise<Model | undefined> {
  try {
    return await catalogue.openReference(request);
  } catch (error) {
    if (!(error instanceof ModelError && error.isDamaged)) throw error;
    logger.error({ model: request.reference, reason: error.message }, 'a model is not deployed');
    return undefined;
  }
}
