/** Everything on the grid that changes by itself, in maps, and how an event of the hub changes them. */
import type { Activity, Deployment, Import, LiveEvent, Model, Node, Snapshot } from '@potluck/api';

export interface Grid {
  nodes: Map<string, Node>;
  /** By model. */
  deployments: Map<string, Deployment>;
  models: Map<string, Model>;
  imports: Map<string, Import>;
  /** Requests that run. */
  running: Map<string, Activity>;
}

/** A grid that nothing is known of. */
export function emptyGrid(): Grid {
  return {
    nodes: new Map(),
    deployments: new Map(),
    models: new Map(),
    imports: new Map(),
    running: new Map(),
  };
}

/** Changes the maps as the event says. */
export function applyEvent(grid: Grid, event: LiveEvent): void {
  switch (event.type) {
    case 'snapshot':
      fill(grid.nodes, event.snapshot.nodes, ({ id }) => id);
      fill(grid.deployments, event.snapshot.deployments, ({ model }) => model);
      fill(grid.models, event.snapshot.models, ({ id }) => id);
      fill(grid.imports, event.snapshot.imports, ({ id }) => id);
      fill(grid.running, event.snapshot.requests, ({ id }) => id);
      break;
    case 'node':
      grid.nodes.set(event.node.id, event.node);
      break;
    case 'node-left':
      grid.nodes.delete(event.id);
      break;
    case 'deployment':
      grid.deployments.set(event.deployment.model, event.deployment);
      break;
    case 'deployment-removed':
      grid.deployments.delete(event.model);
      break;
    case 'model':
      grid.models.set(event.model.id, event.model);
      break;
    case 'model-removed':
      grid.models.delete(event.id);
      break;
    case 'import':
      grid.imports.set(event.import.id, event.import);
      break;
    case 'import-removed':
      grid.imports.delete(event.id);
      break;
    case 'request':
      if (event.request.status === 'running') grid.running.set(event.request.id, event.request);
      else grid.running.delete(event.request.id);
  }
}

/** The grid as the hub would tell it to somebody who comes now. */
export function snapshotOf({ nodes, deployments, models, imports, running }: Grid): Snapshot {
  return {
    nodes: [...nodes.values()],
    deployments: [...deployments.values()],
    models: [...models.values()],
    imports: [...imports.values()],
    requests: [...running.values()],
  };
}

function fill<Thing>(map: Map<string, Thing>, things: Thing[], keyOf: (thing: Thing) => string): void {
  const keys = new Set(things.map(keyOf));
  for (const key of [...map.keys()]) if (!keys.has(key)) map.delete(key);
  for (const thing of things) map.set(keyOf(thing), thing);
}
