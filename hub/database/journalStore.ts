/** The journal of answers under way in the database. */
import type { Client, InStatement } from '@libsql/client';
import type {
  CommittedToken,
  JournalEntry,
  JournalOpening,
  JournalState,
} from '../generation/journal/journalEntry.ts';
import type { JournalStore } from '../generation/journal/journalStore.ts';

export function journalStore(client: Client): JournalStore {
  return {
    save: async ({ opened, grown, ended }) => {
      const statements: InStatement[] = [];
      for (const { opening, prompt, state } of opened) {
        statements.push({
          sql: 'INSERT OR REPLACE INTO journal (id, created_at, opening, prompt, state) VALUES (?, ?, ?, ?, ?)',
          args: [
            opening.id,
            opening.createdAt,
            JSON.stringify(opening),
            bytesOf(prompt),
            JSON.stringify(state),
          ],
        });
      }
      if (grown.length > 0) {
        // One statement each, however many answers there are.
        const rows = JSON.stringify(
          grown.map(({ id, position, tokens, state }) => [
            id,
            position,
            JSON.stringify(tokens.map(short)),
            JSON.stringify(state),
          ]),
        );
        statements.push(
          {
            sql: `INSERT OR REPLACE INTO journal_tokens (id, position, tokens)
              SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)`,
            args: [rows],
          },
          {
            sql: `UPDATE journal SET state = grown.state
              FROM (SELECT value ->> 0 AS id, value ->> 3 AS state FROM json_each(?)) AS grown
              WHERE journal.id = grown.id`,
            args: [rows],
          },
        );
      }
      if (ended.length > 0) statements.push(...removing('SELECT value FROM json_each(?)', [ended]));
      if (statements.length > 0) await client.batch(statements, 'write');
    },
    load: async () => {
      await client.batch(
        removing(`SELECT id FROM journal WHERE ${requestId} NOT IN (${unfinished})`),
        'write',
      );
      const { rows } = await client.execute('SELECT opening, prompt, state FROM journal ORDER BY created_at');
      const tokens = await tokensById(client);
      return rows.map((row): JournalEntry => {
        const opening = JSON.parse(row[0] as string) as JournalOpening;
        return {
          ...opening,
          prompt: numbersOf(row[1] as ArrayBuffer),
          state: JSON.parse(row[2] as string) as JournalState,
          tokens: tokens.get(opening.id) ?? [],
        };
      });
    },
  };
}

/** Of an answer in the journal: that of the first answer to the same request. */
const requestId = "coalesce(opening ->> '$.choice.of', id)";
/** Requests of which an answer is unfinished: the others are kept with that one. */
const unfinished = `SELECT ${requestId} FROM journal
  WHERE id IN (SELECT id FROM requests WHERE status IN ('running', 'interrupted'))`;

function removing(ids: string, args: string[][] = []): InStatement[] {
  const given = args.map((one) => JSON.stringify(one));
  return ['journal_tokens', 'journal'].map((table) => ({
    sql: `DELETE FROM ${table} WHERE id IN (${ids})`,
    args: given,
  }));
}

/** Up to where they follow one another without a gap: a write may have failed. */
async function tokensById(client: Client): Promise<Map<string, CommittedToken[]>> {
  const all = new Map<string, CommittedToken[]>();
  const { rows } = await client.execute(
    'SELECT id, position, tokens FROM journal_tokens ORDER BY id, position',
  );
  for (const row of rows) {
    const [id, position] = [row[0] as string, row[1] as number];
    const tokens = all.get(id) ?? [];
    all.set(id, tokens);
    if (position === tokens.length) tokens.push(...(JSON.parse(row[2] as string) as Written[]).map(whole));
  }
  return all;
}

/** Most tokens are no more than their ids. */
type Written = number | CommittedToken;

function short(one: CommittedToken): Written {
  const { token, logprob, topLogprobs, finish } = one;
  if (logprob === undefined && finish === undefined) return token;
  return {
    token,
    ...(logprob === undefined ? {} : { logprob }),
    ...(topLogprobs ? { topLogprobs } : {}),
    ...(finish ? { finish } : {}),
  };
}

function whole(one: Written): CommittedToken {
  return typeof one === 'number' ? { token: one } : one;
}

function bytesOf(tokens: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(tokens).buffer);
}

function numbersOf(bytes: ArrayBuffer | Uint8Array): number[] {
  const own = Uint8Array.from(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes));
  return [...new Uint32Array(own.buffer)];
}
