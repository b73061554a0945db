/** Leads what happens in the hub to its live state. */
import type { Import, Snapshot } from '@potluck/api';
import type { WorkerId } from '@potluck/protocol';
import type { Catalogue } from '../models/catalogue.ts';
import { viewActivity } from './views/activityView.ts';
import { viewDeployment, type DeploymentViewComponents } from './views/deploymentView.ts';
import { viewModel } from './views/modelView.ts';
import { viewNode, type NodeViewComponents } from './views/nodeView.ts';
import type { HubSettings } from '../settings/hubSettings.ts';
import type { EventBus } from './eventBus.ts';
import { LiveState, type LiveStateInit } from './liveState.ts';

/** Imports, as far as they are watched. */
export interface WatchedImports {
  readonly list: readonly Import[];
  listen(listener: (id: string) => void): () => void;
}

export interface WatchComponents extends NodeViewComponents, Pick<DeploymentViewComponents, 'defaultModel'> {
  settings: Pick<HubSettings, 'listen'>;
  catalogue: Catalogue;
  imports: WatchedImports;
  bus: EventBus;
}

/** Watches until its `stop` is called. */
export function watchHub(components: WatchComponents, init: LiveStateInit = {}): LiveState {
  const { registry, deployments, generator, nodes, statistics, catalogue, imports, bus, settings } =
    components;
  const running = (id: string): ReturnType<typeof viewActivity> | undefined => {
    const generation = generator.running.find((one) => one.id === id);
    return generation && viewActivity(generation);
  };
  const live: LiveState = new LiveState(
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
            const deployed = deployments.find(key) !== undefined;
            return model && viewModel(model, { builtIn: catalogue.isBuiltIn(key), deployed });
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
  const touch = (kind: keyof Snapshot, keys: readonly string[]): void => {
    for (const key of keys) live.touch(kind, key);
  };
  registry.listen({
    joined: ({ id }) => live.touch('nodes', id),
    changed: ({ id }) => live.touch('nodes', id),
    left: ({ id, name }, reason) => {
      statistics.workerLeft(id);
      live.end('nodes', id, { type: 'node-left', id, name, reason });
      // Links to it are gone.
      live.touchAll('nodes');
    },
  });
  deployments.listen({
    changed: (model) => {
      live.touch('deployments', model);
      // Another one may be the default now.
      live.touchAll('deployments');
      live.touch('models', model);
      live.touchAll('nodes');
    },
  });
  generator.listen({
    grew: ({ id, model, usage, workerIds }) => {
      live.touch('requests', id);
      if (usage.completionTokens > 0) return;
      live.touch('deployments', model);
      touch('nodes', workerIds);
    },
    ended: (generation, record) => {
      statistics.requestEnded(record.stages);
      live.end('requests', generation.id, { type: 'request', request: viewActivity(generation, record) });
      live.touch('deployments', generation.model);
      touch('nodes', generation.workerIds);
    },
  });
  settings.listen(() => live.touchAll('deployments'));
  nodes.listen((workerId) => live.touch('nodes', workerId));
  catalogue.listen((id) => live.touch('models', id));
  imports.listen((id) => live.touch('imports', id));
  return live;
}
