/**
 * Turns "this may have changed" into events: looks a moment later, once, and publishes what is different. So a hundred
 * tokens a second make a few events a second, and nothing in the way of a token waits.
 */
import type { LiveEvent, Snapshot } from '@potluck/api';
import { turnHasTime } from '../fairness/turnTime.ts';

/** How the things of one kind are found and shown. */
export interface LiveKind<View> {
  /** Keys of all that there are. */
  keys(): readonly string[];
  /** How a thing looks now; undefined if there is none. */
  view(key: string): View | undefined;
  changed(view: View): LiveEvent;
  /** Undefined where those who care hear of it in another way. */
  removed?(key: string): LiveEvent;
}

export type LiveKinds = { [Name in keyof Snapshot]: LiveKind<Snapshot[Name][number]> };

export interface LiveStateComponents {
  kinds: LiveKinds;
  publish: (event: LiveEvent) => void;
}

export interface LiveStateInit {
  /** Changes within this time are one event, in milliseconds. Default 150. */
  coalesceMs?: number;
}

const defaultCoalesceMs = 150;
/**
 * Milliseconds by which each thing of one flush delays the next. Where hundreds change all the time, the hub looks at each
 * less often. Those who watch get some hundred events a second at most, and the bus keeps the events of a longer time.
 */
const msPerThing = 2;

export class LiveState {
  readonly #components: LiveStateComponents;
  readonly #coalesceMs: number;
  /** By kind: a text made of both would be made for every token. */
  readonly #dirty = new Map<keyof Snapshot, Set<string>>();
  /** In the order in which they changed: who reads that a model has come then reads that it is served. */
  readonly #queue: { kind: keyof Snapshot; key: string }[] = [];
  readonly #published = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  /** Things that were looked at in the last flush. */
  #flushed = 0;
  #isStopped = false;

  constructor(components: LiveStateComponents, init: LiveStateInit = {}) {
    this.#components = components;
    this.#coalesceMs = init.coalesceMs ?? defaultCoalesceMs;
  }

  /** Something about this thing may be different. Cheap: called for every token. */
  touch(kind: keyof Snapshot, key: string): void {
    let dirty = this.#dirty.get(kind);
    if (!dirty) this.#dirty.set(kind, (dirty = new Set()));
    if (!dirty.has(key)) {
      dirty.add(key);
      this.#queue.push({ kind, key });
    }
    if (this.#timer || this.#isStopped) return;
    const afterMs = Math.max(this.#coalesceMs, this.#flushed * msPerThing);
    this.#flushed = 0;
    this.#timer = setTimeout(() => this.#flushInTurns(), afterMs);
  }

  /** Something about any thing of a kind may be different. */
  touchAll(kind: keyof Snapshot): void {
    for (const key of this.#components.kinds[kind].keys()) this.touch(kind, key);
  }

  /** A thing is gone, or over, and `event` says so; nothing else will be said about it. */
  end(kind: keyof Snapshot, key: string, event: LiveEvent): void {
    this.#dirty.get(kind)?.delete(key);
    this.#published.delete(`${kind} ${key}`);
    if (!this.#isStopped) this.#components.publish(event);
  }

  /** Many things that changed at once are published in several turns of the event loop, so that nothing else waits. */
  #flushInTurns(): void {
    this.#timer = undefined;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { kind, key } = next;
      // What ended meanwhile is no more to be looked at.
      if (!this.#dirty.get(kind)?.delete(key)) continue;
      this.#publish(kind, key);
      this.#flushed++;
      if (turnHasTime()) continue;
      if (this.#queue.length > 0) this.#timer = setTimeout(() => this.#flushInTurns(), 0);
      return;
    }
  }

  snapshot(): Snapshot {
    const all = <View>(kind: LiveKind<View>): View[] =>
      kind.keys().flatMap((key) => {
        const view = kind.view(key);
        return view === undefined ? [] : [view];
      });
    const { nodes, deployments, models, imports, requests } = this.#components.kinds;
    return {
      nodes: all(nodes),
      deployments: all(deployments),
      models: all(models),
      imports: all(imports),
      requests: all(requests),
    };
  }

  /** Says nothing more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #publish(name: keyof Snapshot, key: string): void {
    const kind = this.#components.kinds[name] as LiveKind<unknown>;
    const view = kind.view(key);
    const id = `${name} ${key}`;
    if (view === undefined) {
      this.#published.delete(id);
      const event = kind.removed?.(key);
      if (event) this.#components.publish(event);
      return;
    }
    const text = JSON.stringify(view);
    if (this.#published.get(id) === text) return;
    this.#published.set(id, text);
    this.#components.publish(kind.changed(view));
  }
}
