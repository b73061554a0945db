/** What happened, kept over restarts: bounded in rows, in letters, and in how many come in a minute. */
import type { HistoryEvent, HistoryKind } from '@potluck/api';

export type NewHistoryEvent = Omit<HistoryEvent, 'id' | 'at'>;

export interface HistoryFilter {
  kinds?: readonly HistoryKind[];
  /** Name of a node or a model. */
  about?: string | undefined;
  /** Only events with lower ids. */
  before?: number | undefined;
}

export interface HistoryStore {
  add(event: Omit<HistoryEvent, 'id'>): Promise<void>;
  /** Newest first. */
  list(filter: HistoryFilter, limit: number): Promise<HistoryEvent[]>;
  /** Deletes all but the last ones. */
  trim(most: number): Promise<void>;
}

export interface HistoryComponents {
  store: Pick<HistoryStore, 'add' | 'trim'>;
  write: (what: string, write: () => Promise<void>) => void;
  now?: () => number;
}

/** Some months of a busy hub; 2 MB. */
const mostHistory = 10_000;
const minuteMs = 60_000;
/** Of one kind: a node that comes and goes all the time leaves room for everything else. One more event says that there were more. */
const mostInMinute = 100;
const mostCharacters = 300;
const trimEvery = 500;

export class History {
  readonly #components: HistoryComponents;
  #minute = { since: 0, counts: new Map<HistoryKind, number>() };
  #sinceTrim = 0;

  constructor(components: HistoryComponents) {
    this.#components = components;
  }

  note(
    kind: HistoryKind,
    { node = null, model = null, actor = null, detail = {} }: Partial<Omit<NewHistoryEvent, 'kind'>> = {},
  ): void {
    const { store, write, now = Date.now } = this.#components;
    const at = now();
    if (at - this.#minute.since >= minuteMs) this.#minute = { since: at, counts: new Map() };
    const count = (this.#minute.counts.get(kind) ?? 0) + 1;
    this.#minute.counts.set(kind, count);
    if (count > mostInMinute + 1) return;
    const isOneTooMany = count > mostInMinute;
    const short = (text: string | null): string | null => text && text.slice(0, mostCharacters);
    const details = Object.entries(isOneTooMany ? { more: 'yes' } : detail).map(([name, text]) => [
      name,
      short(text) ?? '',
    ]);
    const event = {
      ...{ at, kind },
      ...(isOneTooMany
        ? { node: null, model: null, actor: null }
        : { node: short(node), model: short(model), actor: short(actor) }),
      detail: Object.fromEntries(details) as Record<string, string>,
    };
    write('an event', () => store.add(event));
    if (++this.#sinceTrim % trimEvery === 0) write('a limit of events', () => store.trim(mostHistory));
  }
}
