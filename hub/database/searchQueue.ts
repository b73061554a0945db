/** Searches share one thread: each goes on step by step, and its owner's turn comes beside those of others. */
import type { InStatement, Value } from '@libsql/client';
import { FairQueue } from '../fairness/fairQueue.ts';
import type { DatabaseThread } from './databaseThread.ts';
import { SearchError } from './searchError.ts';
import { storableStatement, storableText } from './storableClient.ts';
import type { Match } from './textSearch.ts';

/** Rows whose texts are looked through in one step. A message has at most 1,000,000 characters. */
const stepRows = 20;
/** What one search may look through, in characters. Measured on one core of a server: 5 to 20 ms for a million. */
const defaultMaxCharacters = 300_000_000;
/** A row costs as much as this many characters, beside its own. */
const rowCharacters = 1000;

/** Where searches are done: statements, and rows that hold a text. */
export type SearchedDatabase = Pick<DatabaseThread, 'rows' | 'find'>;

/** What Drizzle makes of a question. */
interface Question {
  toSQL(): { sql: string; params: unknown[] };
}

export class SearchQueue {
  readonly #database: SearchedDatabase;
  readonly #maxCharacters: number;
  readonly #waiting = new FairQueue<() => void>();
  #isBusy = false;

  /** @param maxCharacters that one search may look through */
  constructor(database: SearchedDatabase, maxCharacters = defaultMaxCharacters) {
    this.#database = database;
    this.#maxCharacters = maxCharacters;
  }

  /** @param share whose search it is @param signal ends the search before its next step */
  begin(share: string, text: string, signal?: AbortSignal): Search {
    const storable = storableText(text);
    let characters = 0;
    const spend = (more: number): void => {
      characters += more;
      if (characters > this.#maxCharacters) throw tooLarge();
    };
    const turn = <T>(work: () => Promise<T>): Promise<T> => this.#turn(share, signal, work);
    const database = this.#database;
    return {
      rows: (question) => turn(() => database.rows(statementOf(question))),
      matches: async function* (rowids, questionOf) {
        for (let from = 0; from < rowids.length; from += stepRows) {
          const some = rowids.slice(from, from + stepRows);
          const statement = statementOf(questionOf(some));
          const step = await turn(() => database.find(statement, storable));
          spend(step.characters + some.length * rowCharacters);
          yield* step.matches.sort((one, other) => some.indexOf(one.rowid) - some.indexOf(other.rowid));
        }
      },
    };
  }

  async #turn<T>(share: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const turn = Promise.withResolvers<void>();
    this.#waiting.add(turn.resolve, share, 1);
    this.#next();
    await turn.promise;
    try {
      if (signal?.aborted) throw new SearchError('cancelled', 'Nobody waits for the search any more.');
      return await work();
    } finally {
      this.#isBusy = false;
      this.#next();
    }
  }

  #next(): void {
    if (this.#isBusy) return;
    const [first] = this.#waiting.heads();
    if (!first) return;
    this.#waiting.take(first);
    this.#isBusy = true;
    first();
  }
}

/** One search; each call waits for the owner's turns. Throws SearchError where it is too large, or was cancelled. */
export interface Search {
  /** The answer of a question that reads no long texts. */
  rows(question: Question): Promise<Value[][]>;
  /**
   * Which rows hold the text, in the order in which their ids are given; a step follows when it is asked for.
   * @param questionOf reads the id and the texts of some rows
   */
  matches(rowids: readonly number[], questionOf: (some: number[]) => Question): AsyncGenerator<Match>;
}

function statementOf(question: Question): InStatement {
  const { sql, params } = question.toSQL();
  return storableStatement({ sql, args: params as Value[] });
}

function tooLarge(): SearchError {
  return new SearchError(
    'too-large',
    'There is too much text to search at once, so the hub stopped. Of requests, search fewer: give a time, a model or a ' +
      'status; of conversations, delete those that are not needed.',
  );
}
