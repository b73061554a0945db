/** Everything on the grid that changes by itself, as the hub's event stream tells it. */
import type { Activity, Deployment, Import, LiveEvent, Model, Node } from '@potluck/api';
import { SvelteMap } from 'svelte/reactivity';
import { seatNodes } from '#lib/format/dishColor.ts';
import { followEvents, type FeedListener } from '#lib/events/followEvents.ts';
import { hubFetch } from '#lib/hub/hubFetch.ts';
import { hubUrl } from '#lib/hub/hubUrl.ts';
import { applyEvent, type Grid } from './grid.ts';
import { writesText } from './writesText.ts';

/** A lost connection shorter than this is nobody's business, in milliseconds. */
const quietLossMs = 1500;
/** A stream that is open for so long is not one of a hub that stops, in milliseconds. */
const sureAfterMs = 500;

class Live implements Grid {
  readonly nodes = new SvelteMap<string, Node>();
  /** By model. */
  readonly deployments = new SvelteMap<string, Deployment>();
  readonly models = new SvelteMap<string, Model>();
  readonly imports = new SvelteMap<string, Import>();
  /** Requests that run. */
  readonly running = new SvelteMap<string, Activity>();
  /** How often a device came or went, or a model began or ceased to run: what happened is to be read again. */
  happened = $state(0);
  /** False until the first snapshot is here. */
  known = $state(false);
  /** True while the stream is interrupted; what is shown may be old. */
  lost = $state(false);
  /** True from the moment when the hub said that it stops until it is back. */
  stopping = $state(false);
  /** How often the hub came back after it was lost: what a page read in the meantime is to be read again. */
  returns = $state(0);
  #return: ReturnType<typeof setTimeout> | undefined;
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

  /** The model for those who chose none. */
  get defaultModel(): string | undefined {
    return (
      [...this.deployments.values()].find(({ isDefault }) => isDefault)?.model ??
      [...this.models.values()].find(({ isDefault }) => isDefault)?.id
    );
  }

  /** True where the model writes answers, now or as soon as it is asked. */
  canAsk(model: string): boolean {
    if (!this.writes(model)) return false;
    return this.deployments.get(model)?.ready === true || this.models.get(model)?.loadsOnDemand === true;
  }

  /** False where it is known that the model writes no answer. */
  mayAnswer(model: string): boolean {
    return !this.known || this.canAsk(model);
  }

  /** False for encoders, which nobody chats with; true for what is not known. */
  writes(model: string): boolean {
    return writesText(this.models.get(model));
  }

  /** Follows the stream until the returned function is called. It resumes by itself after a lost connection. */
  follow(): () => void {
    const address = hubUrl('/api/events');
    const end = followEvents(address, (message) => this.#hear(message));
    return () => {
      clearTimeout(this.#loss);
      clearTimeout(this.#return);
      this.#loss = undefined;
      this.lost = this.stopping = false;
      end();
    };
  }

  /** Forgets everything: who was signed out sees nothing any more. */
  forget(): void {
    for (const map of [this.nodes, this.deployments, this.models, this.imports, this.running]) map.clear();
    this.known = false;
  }

  /** Calls back at each change of a running request, and at its end. @returns a function that ends it */
  onRequest(listener: (activity: Activity) => void): () => void {
    this.#requestListeners.add(listener);
    return () => this.#requestListeners.delete(listener);
  }

  #hear(message: Parameters<FeedListener>[0]): void {
    if (message.type === 'event') {
      this.stopping = false;
      return this.#take(message.event);
    }
    const { state } = message;
    clearTimeout(this.#return);
    if (state === 'stopping') {
      this.stopping = true;
      return;
    }
    // A hub that still stops takes whoever comes back, to say so again.
    if (state === 'open' && this.stopping)
      this.#return = setTimeout(() => (this.stopping = false), sureAfterMs);
    if (state === 'open' || state === 'connecting') {
      clearTimeout(this.#loss);
      this.#loss = undefined;
      if (this.lost && state === 'open') this.returns += 1;
      this.lost = false;
      return;
    }
    this.#loss ??= setTimeout(() => (this.lost = true), quietLossMs);
    // Asking once more tells why the hub said no.
    if (state === 'refused') void hubFetch('/api/nodes').catch(() => undefined);
  }

  #take(event: LiveEvent): void {
    if (this.#isNew(event)) this.happened += 1;
    applyEvent(this, event);
    if (['snapshot', 'node', 'node-left'].includes(event.type)) seatNodes(this.nodes.values());
    if (event.type === 'snapshot') this.known = true;
    if (event.type === 'request') for (const listener of this.#requestListeners) listener(event.request);
  }

  /** True where the event says something beyond what was known before. */
  #isNew(event: LiveEvent): boolean {
    if (event.type === 'node') return !this.nodes.has(event.node.id);
    if (event.type !== 'deployment') return event.type === 'node-left';
    const before = this.deployments.get(event.deployment.model);
    return before !== undefined && before.ready !== event.deployment.ready;
  }
}

export const live = new Live();
