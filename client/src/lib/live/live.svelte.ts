/** Everything on the grid that changes by itself, as the hub's event stream tells it. */
import type { Activity, Deployment, Import, LiveEvent, Model, Node, Snapshot } from '@potluck/api';
import { SvelteMap } from 'svelte/reactivity';
import { hubFetch } from '#lib/hub/hubFetch.ts';

/** A lost connection shorter than this is nobody's business, in milliseconds. */
const quietLossMs = 1500;
/** Pause before a stream that the hub refused is asked for again, in milliseconds. */
const refusedPauseMs = 3000;
const longestLog = 100;

/** Something that happened to a node, for a list. */
export interface GridEvent {
  /** Unix milliseconds, as this browser saw it. */
  at: number;
  nodeId: string;
  text: string;
}

class Live {
  readonly nodes = new SvelteMap<string, Node>();
  /** By model. */
  readonly deployments = new SvelteMap<string, Deployment>();
  readonly models = new SvelteMap<string, Model>();
  readonly imports = new SvelteMap<string, Import>();
  /** Requests that run. */
  readonly running = new SvelteMap<string, Activity>();
  /** Newest first. */
  log = $state.raw<GridEvent[]>([]);
  /** False until the first snapshot is here. */
  known = $state(false);
  /** True while the stream is interrupted; what is shown may be old. */
  lost = $state(false);
  #source: EventSource | undefined;
  #loss: ReturnType<typeof setTimeout> | undefined;
  readonly #requestListeners = new Set<(activity: Activity) => void>();

  /** True while some model is served. */
  get ready(): boolean {
    return [...this.deployments.values()].some(({ ready }) => ready);
  }

  /** True as long as the built-in model, which is for a first look, is the only one. */
  get isFirstLook(): boolean {
    return this.known && [...this.models.values()].every(({ builtIn }) => builtIn);
  }

  /** The model for those who chose none: one that is served, rather another than the built-in one. */
  get usualModel(): string | undefined {
    const deployments = [...this.deployments.values()];
    const ready = deployments.filter((deployment) => deployment.ready);
    const chosen = ready.findLast(({ model }) => !this.models.get(model)?.builtIn) ?? ready[0];
    return (chosen ?? deployments[0])?.model;
  }

  /** Follows the stream until the returned function is called. It resumes by itself after a lost connection. */
  follow(): () => void {
    this.#connect();
    return () => {
      clearTimeout(this.#loss);
      this.#source?.close();
      this.#source = undefined;
    };
  }

  /** Calls back at each change of a running request, and at its end. @returns a function that ends it */
  onRequest(listener: (activity: Activity) => void): () => void {
    this.#requestListeners.add(listener);
    return () => this.#requestListeners.delete(listener);
  }

  #connect(): void {
    const source = (this.#source = new EventSource('/api/events'));
    source.addEventListener('open', () => {
      clearTimeout(this.#loss);
      this.#loss = undefined;
      this.lost = false;
    });
    source.addEventListener('error', () => {
      this.#loss ??= setTimeout(() => (this.lost = true), quietLossMs);
      // The browser comes back by itself, except where the hub said no; asking once more tells why.
      if (source.readyState !== EventSource.CLOSED || this.#source !== source) return;
      void hubFetch('/api/nodes').catch(() => undefined);
      setTimeout(() => this.#source === source && this.#connect(), refusedPauseMs);
    });
    for (const type of eventTypes) {
      source.addEventListener(type, ({ data }: MessageEvent<string>) =>
        this.#take(JSON.parse(data) as LiveEvent),
      );
    }
  }

  #take(event: LiveEvent): void {
    switch (event.type) {
      case 'snapshot':
        this.#replace(event.snapshot);
        break;
      case 'node': {
        const { node } = event;
        if (!this.nodes.has(node.id)) this.#note(node.id, `${node.name} joined`);
        this.nodes.set(node.id, node);
        break;
      }
      case 'node-left':
        this.nodes.delete(event.id);
        this.#note(event.id, `${event.name} left: ${event.reason}`);
        break;
      case 'deployment':
        this.#noteDeployment(event.deployment);
        this.deployments.set(event.deployment.model, event.deployment);
        break;
      case 'deployment-removed':
        this.deployments.delete(event.model);
        break;
      case 'model':
        this.models.set(event.model.id, event.model);
        break;
      case 'model-removed':
        this.models.delete(event.id);
        break;
      case 'import':
        this.imports.set(event.import.id, event.import);
        break;
      case 'import-removed':
        this.imports.delete(event.id);
        break;
      case 'request': {
        const { request } = event;
        if (request.status === 'running') this.running.set(request.id, request);
        else this.running.delete(request.id);
        for (const listener of this.#requestListeners) listener(request);
      }
    }
  }

  #replace(snapshot: Snapshot): void {
    fill(this.nodes, snapshot.nodes, ({ id }) => id);
    fill(this.deployments, snapshot.deployments, ({ model }) => model);
    fill(this.models, snapshot.models, ({ id }) => id);
    fill(this.imports, snapshot.imports, ({ id }) => id);
    fill(this.running, snapshot.requests, ({ id }) => id);
    this.known = true;
  }

  #noteDeployment(now: Deployment): void {
    const before = this.deployments.get(now.model);
    if (before && before.ready !== now.ready) {
      this.#note(
        '',
        now.ready ? `${now.model} is served` : `${now.model} waits: ${now.missing ?? 'not ready'}`,
      );
    }
  }

  #note(nodeId: string, text: string): void {
    this.log = [{ at: Date.now(), nodeId, text }, ...this.log].slice(0, longestLog);
  }
}

const eventTypes = [
  'snapshot',
  'node',
  'node-left',
  'deployment',
  'deployment-removed',
  'model',
  'model-removed',
  'import',
  'import-removed',
  'request',
] as const satisfies LiveEvent['type'][];

function fill<Thing>(map: SvelteMap<string, Thing>, things: Thing[], keyOf: (thing: Thing) => string): void {
  const keys = new Set(things.map(keyOf));
  for (const key of map.keys()) if (!keys.has(key)) map.delete(key);
  for (const thing of things) map.set(keyOf(thing), thing);
}

export const live = new Live();
