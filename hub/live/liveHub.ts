/** What can be watched of a hub: its nodes, deployments, models, imports and the requests that run. */
import type { Import } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import type { Catalogue } from '../models/catalogue.ts';
import { viewActivity } from './views/activityView.ts';
import { viewDeployment, type DeploymentViewComponents } from './views/deploymentView.ts';
import { modelState, viewModel, type ModelViewComponents } from './views/modelView.ts';
import { viewNode, type NodeViewComponents } from './views/nodeView.ts';
import type { EventBus } from './eventBus.ts';
import { LiveState, type LiveStateInit } from './liveState.ts';

export interface LiveHubComponents
  extends
    NodeViewComponents,
    Pick<DeploymentViewComponents, 'defaultModel'>,
    Pick<ModelViewComponents, 'settings'> {
  catalogue: Catalogue;
  imports: { readonly list: readonly Import[] };
  bus: EventBus;
}

/** Its `touch` and `end` are called where something happens (`wiring/whatFollows`). */
export function liveHub(components: LiveHubComponents, init: LiveStateInit = {}): LiveState {
  const { registry, deployments, generator, catalogue, imports, bus } = components;
  const running = (id: string): ReturnType<typeof viewActivity> | undefined => {
    const generation = generator.find(id);
    return generation && viewActivity(generation);
  };
  return new LiveState(
    {
      publish: (event) => void bus.publish(event),
      kinds: {
        nodes: {
          keys: () => [...registry.table.keys()],
          view: (key) => {
            const worker = registry.table.get(key as WorkerId);
            return worker && viewNode(components, worker);
          },
          changed: (node) => ({ type: 'node', node }),
        },
        deployments: {
          keys: () => deployments.list.map(({ model }) => model.package.id),
          view: (key) => {
            const deployment = deployments.find(key);
            return deployment && viewDeployment(components, deployment);
          },
          changed: (deployment) => ({ type: 'deployment', deployment }),
          removed: (model) => ({ type: 'deployment-removed', model }),
        },
        models: {
          keys: () => catalogue.list.map(({ id }) => id),
          view: (key) => {
            const model = catalogue.find(key);
            return model && viewModel(model, modelState(components, key));
          },
          changed: (model) => ({ type: 'model', model }),
          removed: (id) => ({ type: 'model-removed', id }),
        },
        imports: {
          keys: () => imports.list.map(({ id }) => id),
          view: (key) => imports.list.find(({ id }) => id === key),
          changed: (one) => ({ type: 'import', import: one }),
          removed: (id) => ({ type: 'import-removed', id }),
        },
        requests: {
          keys: () => generator.running.map(({ id }) => id),
          view: running,
          changed: (request) => ({ type: 'request', request }),
        },
      },
    },
    init,
  );
}
