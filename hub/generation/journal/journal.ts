/**
 * The journal of answers under way: what was asked is written at once, and what came of it every other second, behind the
 * tokens. Nobody reads a word of an answer that the next run of the hub does not know: it would have to draw another one.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WriteQueue } from '../../files/writeQueue.ts';
import type { CommittedToken, JournalEntry, JournalOpening, JournalState } from './journalEntry.ts';
import type { JournalBatch, JournalStore } from './journalStore.ts';

export interface JournalComponents {
  store: Pick<JournalStore, 'save'>;
  writes: Pick<WriteQueue, 'write' | 'settled'>;
}

export interface JournalInit {
  /** Between two writes, in milliseconds. Default 2000: tokens that are not written are computed again. */
  everyMs?: number;
  /** Most bytes of all answers together; further ones are not kept. Default 64 MiB. */
  mostBytes?: number;
}

/** One answer in the journal. */
export interface JournalPage {
  /** Resolves when what was asked is kept, or can't be kept now. Its first word waits for that. */
  kept(): Promise<void>;
  grew(token: CommittedToken): void;
  /** The answer is over here. @param goesOn true where the next run of the hub is to go on with it */
  end(goesOn: boolean): void;
}

/** A write takes about a millisecond of processor time, however few tokens are in it. */
const defaultEveryMs = 2000;
const defaultMostBytes = 64 * 1024 * 1024;
/** Of prompts and requests, in one write: to make them ready takes the time of the event loop. */
const mostOpenedBytes = 2 * 1024 * 1024;
/** A database that takes longer holds up no answer, in milliseconds. */
const mostKeepingMs = 1000;
/** A token with its log probabilities has more; those are few. */
const bytesPerToken = 8;

interface Page {
  id: string;
  /** Undefined once it is written. */
  opening: Omit<JournalBatch['opened'][number], 'state'> | undefined;
  /** Settles when the opening is written, or rests because the database takes nothing. */
  kept?: Promise<void>;
  state: () => JournalState;
  bytes: number;
  /** Tokens that are written. */
  written: number;
  unwritten: CommittedToken[];
}

/** All answers to one request: the next run of the hub needs all of them, or none. */
interface Group {
  pages: Page[];
  /** Those that are under way. */
  open: number;
  goesOn: boolean;
}

type Taken = Omit<JournalBatch, 'opened'> & {
  opened: { page: Page; opening: JournalBatch['opened'][number] }[];
};

export class Journal {
  readonly #components: JournalComponents;
  readonly #everyMs: number;
  readonly #mostBytes: number;
  #bytes = 0;
  readonly #changed = new Set<Page>();
  /** By the ids of their first answers. */
  readonly #groups = new Map<string, Group>();
  #ended: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #openings: NodeJS.Immediate | undefined;
  #isWriting = false;

  constructor(components: JournalComponents, init: JournalInit = {}) {
    this.#components = components;
    this.#everyMs = init.everyMs ?? defaultEveryMs;
    this.#mostBytes = init.mostBytes ?? defaultMostBytes;
  }

  /** @param state tells where the answer is @returns undefined where there is no room for it: a restart then ends the answer */
  open(opening: JournalOpening, prompt: number[], state: () => JournalState): JournalPage | undefined {
    const { asked, constraint, maxTokens } = opening;
    const words = (asked.own?.body.length ?? 0) + (constraint?.text.length ?? 0);
    const bytes = words + bytesPerToken * (prompt.length + maxTokens);
    if (this.#bytes + bytes > this.#mostBytes) return undefined;
    const { id, choice } = opening;
    const page = { id, opening: { opening, prompt }, state, bytes, written: 0, unwritten: [] };
    return this.#begin(page, choice?.of ?? id);
  }

  /** Goes on with what a former run of the hub has written. */
  reopen({ id, choice, tokens, prompt, maxTokens }: JournalEntry, state: () => JournalState): JournalPage {
    const bytes = bytesPerToken * (prompt.length + maxTokens);
    const page = { id, opening: undefined, state, bytes, written: tokens.length, unwritten: [] };
    return this.#begin(page, choice?.of ?? id);
  }

  /** Forgets answers that nobody goes on with. */
  drop(ids: readonly string[]): void {
    this.#ended.push(...ids);
    this.#soon();
  }

  /** Writes what there is, behind what was written before. */
  flush(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#openings);
    this.#timer = undefined;
    this.#openings = undefined;
    const { opened, ...rest } = this.#take();
    const batch = { opened: opened.map(({ opening }) => opening), ...rest };
    if (batch.opened.length + batch.grown.length + batch.ended.length === 0) return;
    this.#isWriting = true;
    this.#components.writes.write('what answers need to go on after a restart', async () => {
      try {
        await this.#components.store.save(batch);
      } finally {
        this.#isWriting = false;
        if (this.#changed.size + this.#ended.length > 0) this.#soon();
      }
    });
    const kept = this.#components.writes.settled();
    for (const { page } of opened) page.kept = kept;
  }

  /** @param request id of its first answer */
  #begin(page: Page, request: string): JournalPage {
    this.#bytes += page.bytes;
    const group = this.#groups.get(request) ?? { pages: [], open: 0, goesOn: false };
    this.#groups.set(request, group);
    group.pages.push(page);
    group.open++;
    if (page.opening) {
      this.#note(page);
      // Those that come together are written together.
      if (!this.#isWriting) this.#openings ??= setImmediate(() => this.flush());
    }
    let isOver = false;
    return {
      kept: async () => {
        while (page.opening && !isOver) this.flush();
        const late = new AbortController();
        const tooLate = delay(mostKeepingMs, undefined, { signal: late.signal }).catch(() => undefined);
        await Promise.race([page.kept, tooLate]);
        late.abort();
      },
      grew: (token) => {
        if (isOver) return;
        page.unwritten.push(token);
        this.#note(page);
      },
      end: (goesOn) => {
        if (isOver) return;
        isOver = true;
        group.open--;
        group.goesOn ||= goesOn;
        if (group.open > 0) return;
        this.#groups.delete(request);
        this.#over(group);
      },
    };
  }

  #over({ pages, goesOn }: Group): void {
    for (const { bytes } of pages) this.#bytes -= bytes;
    if (goesOn) return;
    for (const page of pages) this.#changed.delete(page);
    const written = pages.filter(({ opening }) => !opening).map(({ id }) => id);
    if (written.length > 0) this.drop(written);
  }

  #note(page: Page): void {
    this.#changed.add(page);
    this.#soon();
  }

  #soon(): void {
    if (this.#isWriting) return;
    this.#timer ??= setTimeout(() => this.flush(), this.#everyMs);
  }

  #take(): Taken {
    const batch: Taken = { opened: [], grown: [], ended: this.#ended };
    this.#ended = [];
    let openedBytes = 0;
    for (const page of [...this.#changed]) {
      const { id, opening, unwritten: tokens, written: position } = page;
      if (opening) {
        if (openedBytes > 0 && openedBytes + page.bytes > mostOpenedBytes) continue;
        openedBytes += page.bytes;
      }
      const state = page.state();
      if (opening) batch.opened.push({ page, opening: { ...opening, state } });
      if (tokens.length > 0) batch.grown.push({ id, position, tokens, state });
      page.opening = undefined;
      page.written += tokens.length;
      page.unwritten = [];
      this.#changed.delete(page);
    }
    return batch;
  }
}
