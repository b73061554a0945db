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
  [
    "ALTER TABLE requests ADD COLUMN owner TEXT NOT NULL DEFAULT 'local'",
    'ALTER TABLE requests ADD COLUMN key_id TEXT',
    'ALTER TABLE requests ADD COLUMN key_name TEXT',
    "ALTER TABLE requests ADD COLUMN source TEXT NOT NULL DEFAULT 'api'",
    'ALTER TABLE requests ADD COLUMN decode_tokens_per_second REAL',
    'ALTER TABLE requests ADD COLUMN replays INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE requests ADD COLUMN prompt TEXT',
    'ALTER TABLE requests ADD COLUMN answer TEXT',
    'CREATE INDEX requests_key ON requests (key_id, created_at)',
    'ALTER TABLE nodes ADD COLUMN given_name TEXT',
    "ALTER TABLE nodes ADD COLUMN mode TEXT NOT NULL DEFAULT 'active'",
    'ALTER TABLE nodes ADD COLUMN banned_because TEXT',
    `CREATE TABLE conversations (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      title TEXT NOT NULL,
      model TEXT,
      system_prompt TEXT NOT NULL,
      sampling TEXT NOT NULL,
      current_message_id TEXT,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    ) STRICT`,
    'CREATE INDEX conversations_owner ON conversations (owner, updated_at)',
    `CREATE TABLE messages (
      id TEXT PRIMARY KEY,
      conversation_id TEXT NOT NULL,
      parent_id TEXT,
      role TEXT NOT NULL,
      content TEXT NOT NULL,
      status TEXT NOT NULL,
      error TEXT,
      model TEXT,
      request_id TEXT,
      created_at INTEGER NOT NULL
    ) STRICT`,
    'CREATE INDEX messages_conversation ON messages (conversation_id, created_at)',
    'CREATE INDEX messages_parent ON messages (parent_id)',
    `CREATE TABLE api_keys (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      prefix TEXT NOT NULL,
      hash TEXT NOT NULL UNIQUE,
      scopes TEXT NOT NULL,
      limits TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      revoked_at INTEGER,
      last_used_at INTEGER
    ) STRICT`,
    `CREATE TABLE join_tokens (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      prefix TEXT NOT NULL,
      hash TEXT NOT NULL UNIQUE,
      created_at INTEGER NOT NULL,
      expires_at INTEGER,
      revoked_at INTEGER,
      last_used_at INTEGER
    ) STRICT`,
    `CREATE TABLE logins (
      hash TEXT PRIMARY KEY,
      scopes TEXT NOT NULL,
      key_id TEXT,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT`,
    'CREATE TABLE deployments (model TEXT PRIMARY KEY, plan TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT',
    'CREATE TABLE imports (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, record TEXT NOT NULL) STRICT',
    'CREATE TABLE hub_values (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT',
  ],
  ['ALTER TABLE nodes ADD COLUMN speed TEXT'],
  ['ALTER TABLE nodes ADD COLUMN instance_id TEXT'],
  ['ALTER TABLE requests ADD COLUMN chunk_tokens INTEGER'],
  ['CREATE INDEX requests_owner ON requests (owner, created_at)'],
  ['ALTER TABLE requests ADD COLUMN recovery TEXT'],
  ['ALTER TABLE requests ADD COLUMN predicted TEXT'],
  [
    `CREATE TABLE responses (
      id TEXT PRIMARY KEY,
      owner TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      previous_id TEXT,
      status TEXT NOT NULL,
      response TEXT NOT NULL,
      input TEXT NOT NULL,
      replay TEXT,
      bytes INTEGER NOT NULL
    ) STRICT`,
    'CREATE INDEX responses_owner ON responses (owner, created_at)',
    'CREATE INDEX responses_expiry ON responses (expires_at)',
  ],
  [
    `CREATE TABLE invites (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      prefix TEXT NOT NULL,
      hash TEXT NOT NULL UNIQUE,
      code_hash TEXT,
      code_expires_at INTEGER,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL,
      revoked_at INTEGER,
      last_used_at INTEGER,
      most_uses INTEGER NOT NULL,
      uses INTEGER NOT NULL,
      key_id TEXT NOT NULL,
      token_ids TEXT NOT NULL
    ) STRICT`,
  ],
  [
    'ALTER TABLE requests ADD COLUMN cached_tokens INTEGER',
    'ALTER TABLE requests ADD COLUMN timeline TEXT',
    'ALTER TABLE requests ADD COLUMN times INTEGER NOT NULL DEFAULT 1',
    // All that is summed up of requests, but for their devices: no row with its words is read for that.
    `CREATE INDEX requests_usage ON requests (created_at, owner, model, key_name, source, status, times,
      prompt_tokens, cached_tokens, completion_tokens, first_token_ms, decode_tokens_per_second)`,
    "CREATE INDEX requests_refused ON requests (created_at, id) WHERE status = 'refused'",
    `CREATE TABLE history (
      id INTEGER PRIMARY KEY,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      node TEXT,
      model TEXT,
      actor TEXT,
      detail TEXT NOT NULL
    ) STRICT`,
    'CREATE INDEX history_kind ON history (kind, id)',
    'CREATE INDEX history_node ON history (node, id)',
    'CREATE INDEX history_model ON history (model, id)',
  ],
  [
    `CREATE TABLE journal (
      id TEXT PRIMARY KEY,
      created_at INTEGER NOT NULL,
      opening TEXT NOT NULL,
      prompt BLOB NOT NULL,
      state TEXT NOT NULL
    ) STRICT`,
    `CREATE TABLE journal_tokens (
      id TEXT NOT NULL,
      position INTEGER NOT NULL,
      tokens TEXT NOT NULL,
      PRIMARY KEY (id, position)
    ) STRICT, WITHOUT ROWID`,
  ],
  ['ALTER TABLE requests ADD COLUMN is_temporary INTEGER NOT NULL DEFAULT 0'],
  [
    `CREATE TABLE leadership (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      epoch INTEGER NOT NULL,
      last_write INTEGER NOT NULL
    ) STRICT`,
    'INSERT INTO leadership (id, epoch, last_write) VALUES (1, 0, 0)',
    // Each write of a hub that leads begins with a row for this view: see leadership.ts.
    'CREATE VIEW leading_writes AS SELECT epoch, last_write AS number FROM leadership',
    `CREATE TRIGGER check_leading_write INSTEAD OF INSERT ON leading_writes
      BEGIN
        SELECT RAISE(ABORT, 'a later epoch leads') FROM leadership WHERE epoch > NEW.epoch;
        SELECT RAISE(ABORT, 'a later write was done') FROM leadership WHERE epoch = NEW.epoch AND last_write >= NEW.number;
        UPDATE leadership SET epoch = NEW.epoch, last_write = NEW.number;
      END`,
  ],
  ['ALTER TABLE messages ADD COLUMN tokens TEXT'],
];

/**
 * Brings a database up to date. Each step and its number are written in one transaction.
 * @throws Error if the file was written by a newer version, or is another program's
 */
export async function migrate(client: Client): Promise<void> {
  await refuseOthers(client);
  await client.execute('CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT');
  const done = await stepsDone(client);
  if (done > migrations.length) {
    throw new Error(
      `it was written by a newer version (schema ${done}, this one knows ${migrations.length})`,
    );
  }
  for (const [index, statements] of migrations.entries()) {
    if (index < done) continue;
    const number = String(index + 1);
    try {
      await client.batch(
        [
          ...statements,
          { sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('schema', ?)", args: [number] },
        ],
        'write',
      );
    } catch (error) {
      // At a server, another hub may have done it meanwhile, or this one before it gave up waiting.
      if ((await stepsDone(client)) <= index) throw error;
    }
  }
}

async function stepsDone(client: Client): Promise<number> {
  const { rows } = await client.execute("SELECT value FROM meta WHERE key = 'schema'");
  return Number(rows[0]?.[0] ?? 0);
}

/** A file without our list of steps is left as it is. */
async function refuseOthers(client: Client): Promise<void> {
  const { rows } = await client.execute("SELECT name FROM sqlite_master WHERE type = 'table'");
  const tables = rows.map((row) => row[0] as string);
  if (tables.length === 0 || tables.includes('meta')) return;
  throw new Error(`it has a table ${tables[0]} and does not say which version of the hub made it`);
}
