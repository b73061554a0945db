/** Answers that a former run of the hub left unfinished: each waits for its client, or for the hub itself, to go on. */
import type { JournalEntry } from './journalEntry.ts';

export interface SuspendedAnswersInit {
  /** How long they wait, in milliseconds. */
  waitMs: number;
  /** Told which ones nobody goes on with any more. */
  onOver: (entries: JournalEntry[]) => void;
}

export class SuspendedAnswers {
  readonly #waiting: Map<string, JournalEntry>;
  /** Those that somebody is about to go on with, with what ends that. */
  readonly #taken = new Map<string, { entry: JournalEntry; end: () => void }>();
  readonly #init: SuspendedAnswersInit;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(entries: readonly JournalEntry[], init: SuspendedAnswersInit) {
    this.#waiting = new Map(entries.map((entry) => [entry.id, entry]));
    this.#init = init;
    this.#timer = setTimeout(() => this.#expire(), init.waitMs).unref();
  }

  /** Those that wait. */
  get list(): JournalEntry[] {
    return [...this.#waiting.values()];
  }

  /** Nobody sees another's. @param id of a request, which is that of its first answer */
  find(owner: string, id: string): JournalEntry | undefined {
    const entry = this.#waiting.get(id);
    return entry?.author.owner === owner && requestOf(entry) === id ? entry : undefined;
  }

  /** True where an answer of that id waits, or somebody is about to go on with it, whoever asked for it. */
  has(id: string): boolean {
    return this.#waiting.has(id) || this.#taken.has(id);
  }

  /** True while somebody is about to go on with it. */
  isTaken(owner: string, id: string): boolean {
    return this.#taken.get(id)?.entry.author.owner === owner;
  }

  /** All answers to a request that wait, in their order. */
  choicesOf({ id }: JournalEntry): JournalEntry[] {
    return this.list
      .filter((one) => requestOf(one) === id)
      .toSorted((one, other) => (one.choice?.index ?? 0) - (other.choice?.index ?? 0));
  }

  /** Somebody goes on with it. @param end called where nobody wants it any more */
  take(entry: JournalEntry, end: () => void): void {
    this.#waiting.delete(entry.id);
    this.#taken.set(entry.id, { entry, end });
  }

  /** It goes on, and is a generation from now on. */
  went({ id }: JournalEntry): void {
    this.#taken.delete(id);
  }

  /** It could not go on: it waits again, as long as any do. */
  giveBack(entry: JournalEntry): void {
    if (!this.#taken.delete(entry.id)) return;
    this.#waiting.set(entry.id, entry);
    if (this.#isOver) this.#expire();
  }

  /** Nobody wants it any more, nor the other answers to the same request. @returns false where there is none */
  drop(id: string): boolean {
    const taken = this.#taken.get(id);
    const entry = this.#waiting.get(id) ?? taken?.entry;
    if (!entry) return false;
    const all = [...this.#waiting.values(), ...[...this.#taken.values()].map((one) => one.entry)];
    const dropped = all.filter((one) => requestOf(one) === requestOf(entry));
    for (const one of dropped) {
      this.#waiting.delete(one.id);
      this.#taken.delete(one.id);
    }
    this.#init.onOver(dropped);
    taken?.end();
    return true;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #expire(): void {
    this.#isOver = true;
    const entries = this.list;
    this.#waiting.clear();
    if (entries.length > 0) this.#init.onOver(entries);
  }
}

/** Id of the first answer to the same request. */
function requestOf({ id, choice }: JournalEntry): string {
  return choice?.of ?? id;
}
