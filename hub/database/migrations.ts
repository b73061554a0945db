/** Steps from an empty file to the present schema. A step that was released never changes; add another. */
import type { Client } from '@libsql/client';

const migrations: string[][] = [
  [
    `CREATE TABLE requests (
      id TEXT PRIMARY KEY,
      created_at INTEGER NOT NULL,
      finished_at INTEGER,
      model TEXT NOT NULL,
      status TEXT NOT NULL,
      stream INTEGER NOT NULL,
      seed INTEGER NOT NULL,
      prompt_tokens INTEGER NOT NULL,
      completion_tokens INTEGER NOT NULL,
      finish_reason TEXT,
      error_code TEXT,
      error_message TEXT,
      route TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      queue_ms REAL,
      first_token_ms REAL,
      total_ms REAL,
      stages TEXT NOT NULL
    ) STRICT`,
    'CREATE INDEX requests_created_at ON requests (created_at)',
    `CREATE TABLE nodes (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,
      device TEXT NOT NULL,
      version TEXT NOT NULL,
      memory_bytes INTEGER NOT NULL,
      first_joined_at INTEGER NOT NULL,
      last_joined_at INTEGER NOT NULL,
      last_left_at INTEGER,
      last_left_reason TEXT
    ) STRICT`,
  ],
];

/**
 * Brings a database up to date. Each step and its number are written in one transaction.
 * @throws Error if the file was written by a newer version
 */
export async function migrate(client: Client): Promise<void> {
  await client.execute('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT');
  const { rows } = await client.execute("SELECT value FROM meta WHERE key = 'schema'");
  const done = Number(rows[0]?.value ?? 0);
  if (done > migrations.length) {
    throw new Error(
      `it was written by a newer version (schema ${done}, this one knows ${migrations.length})`,
    );
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < done) continue;
    const number = String(index + 1);
    await client.batch(
      [
        ...statements,
        { sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', ?)", args: [number] },
      ],
      'write',
    );
  }
}
