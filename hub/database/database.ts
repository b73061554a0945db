/** The hub's database behind asynchronous functions: an embedded SQLite file, or a server's (`databaseServer.ts`). */
import type { InStatement } from '@libsql/client';
import { access, open } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../errors/startError.ts';
import { databaseUrl } from './databaseUrl.ts';
import { conversationStore } from './conversationStore.ts';
import type { ResponseStore } from '../conversations/responseStore.ts';
import type { ConversationStore } from '../conversations/conversationStore.ts';
import { checkSchema } from './checkSchema.ts';
import { databaseThread, type DatabaseThread, type FileInit } from './databaseThread.ts';
import { drizzle } from './drizzle.ts';
import { apiKeyStore, inviteStore, joinTokenStore, loginStore } from './keyStore.ts';
import type { ApiKeyRow, InviteRow, JoinTokenRow, LoginStore, RowStore } from '../accounts/accountStores.ts';
import { historyStore } from './historyStore.ts';
import type { HistoryStore } from '../live/history.ts';
import { journalStore } from './journalStore.ts';
import { leadingClient, type Leadership } from './leadership.ts';
import type { JournalStore } from '../generation/journal/journalStore.ts';
import { migrate } from './migrations.ts';
import { nodeStore } from './nodeStore.ts';
import type { NodeStore } from '../workers/nodeStore.ts';
import { fileContext, plainReason, withPlainErrors } from './plainErrors.ts';
import { responseStore } from './responseStore.ts';
import { requestStore } from './requestStore.ts';
import type { RequestStore } from '../generation/requestStore.ts';
import { SearchQueue } from './searchQueue.ts';
import { usageStore } from './usageStore.ts';
import type { UsageStore } from '../generation/usageSums.ts';
import { storableClient } from './storableClient.ts';
import { deploymentStore, importStore, valueStore } from './smallStores.ts';
import type { DeploymentStore } from '../pipelines/deploymentStore.ts';
import type { ImportStore } from '../models/imports/importStore.ts';
import type { ValueStore } from '../settings/valueStore.ts';

/** How long a write waits for another process that has the file, in milliseconds. */
const busyTimeoutMs = 5000;

/** What the hub asks of its database. A promise that resolved means that the row survives a crash of the hub. */
export interface Database extends Leadership {
  requests: RequestStore;
  usage: UsageStore;
  history: HistoryStore;
  journal: JournalStore;
  nodes: NodeStore;
  conversations: ConversationStore;
  responses: ResponseStore;
  apiKeys: RowStore<ApiKeyRow>;
  joinTokens: RowStore<JoinTokenRow>;
  invites: RowStore<InviteRow>;
  logins: LoginStore;
  deployments: DeploymentStore;
  imports: ImportStore;
  values: ValueStore;
  readonly kind: 'file' | 'server';
  /** Why nothing can be kept now; undefined while the database answers. */
  trouble(): string | undefined;
  /** True while the database's server does not answer, as far as that is known. */
  isAway(): boolean;
  /** Resolves when the file, or the connection, is closed. */
  close(): Promise<void>;
}

/**
 * Opens `hub.sqlite` in the data directory.
 * @param connect begins one of its connections
 * @throws StartError if the file is damaged, lacks tables, or can't be written
 */
export async function openDatabase(
  dataDirectory: string,
  connect: (init: FileInit) => DatabaseThread = databaseThread,
): Promise<Database> {
  const file = fileIn(dataDirectory);
  const url = databaseUrl(file);
  await keepPrivate(file);
  // FULL: a write that was acknowledged is on the disk, also when the power goes.
  const durable = ['PRAGMA journal_mode = WAL', 'PRAGMA synchronous = FULL'];
  const writer = connect({ url, busyTimeoutMs, begin: durable });
  try {
    await migrate(writer.client);
    await checkSchema(writer.client);
  } catch (cause) {
    await writer.close();
    throw damagedDatabase(dataDirectory, cause);
  }
  const readOnly = { url, busyTimeoutMs, begin: ['PRAGMA query_only = ON'] };
  const reader = connect(readOnly);
  const searcher = connect(readOnly);
  return {
    ...storesIn(writer, reader, searcher),
    kind: 'file',
    trouble: () => undefined,
    isAway: () => false,
    close: async () => {
      // A long search is not waited for.
      void searcher.close();
      void reader.close();
      await writer.close();
    },
  };
}

/**
 * The stores in a database that has the present schema.
 * @param reader for lists: what is written need not wait for them
 * @param searcher for what looks through texts: lists need not wait for it
 */
export function storesIn(
  writer: DatabaseThread,
  reader = writer,
  searcher = writer,
  context = fileContext,
): Omit<Database, 'kind' | 'trouble' | 'isAway' | 'close'> {
  const { client: leading, ...leadership } = leadingClient(writer.client);
  const client = storableClient(leading);
  const database = drizzle(client);
  const reading = drizzle(storableClient(reader.client));
  const searches = new SearchQueue(searcher);
  const plain = <Store extends object>(store: Store): Store => withPlainErrors(store, context);
  return {
    ...plain(leadership),
    requests: plain(requestStore(database, reading, searches)),
    usage: usageStore(plain({ rows: (statement: InStatement) => reader.rows(statement) })),
    history: plain(historyStore(database, reading)),
    journal: plain(journalStore(client)),
    nodes: plain(nodeStore(database)),
    conversations: withPlainErrors(conversationStore(database, reading, searches), {
      ...context,
      meanwhile: 'Conversations are kept there; a temporary chat is answered meanwhile.',
    }),
    responses: plain(responseStore(database)),
    apiKeys: plain(apiKeyStore(database)),
    joinTokens: plain(joinTokenStore(database)),
    invites: plain(inviteStore(database)),
    logins: plain(loginStore(database)),
    deployments: plain(deploymentStore(database)),
    imports: plain(importStore(database)),
    values: plain(valueStore(database)),
  };
}

/** What the person is told who starts a hub whose database can't be read. */
export function damagedDatabase(dataDirectory: string, cause: unknown): StartError {
  return new StartError(
    `The database ${fileIn(dataDirectory)} can't be used: ${plainReason(cause)}. Put a copy back, or move the file ` +
      'away: the hub then begins with an empty one, without its settings, keys, conversations and requests; models stay.',
    { cause },
  );
}

/**
 * Lets only the hub's user read the database, which holds conversations: its file and those that SQLite left beside it.
 * SQLite gives new ones beside it the permissions of the file. Where the disk has no permissions, this does nothing;
 * where the file can't be opened, SQLite says why.
 */
async function keepPrivate(file: string): Promise<void> {
  const flags = { [file]: 'a', [`${file}-wal`]: 'r+', [`${file}-shm`]: 'r+' };
  for (const [name, flag] of Object.entries(flags)) {
    const handle = await open(name, flag, 0o600).catch(() => undefined);
    await handle?.chmod(0o600).catch(() => undefined);
    await handle?.close();
  }
}

/**
 * Writes all that is committed now into a database of its own, while the hub goes on.
 * @param directory of the copy, which has none yet
 * @throws Error where there is no database, or the copy can't be written
 */
export async function copyDatabase(dataDirectory: string, directory: string): Promise<void> {
  await access(fileIn(dataDirectory)).catch((cause: unknown) => {
    throw new Error(
      `there is no ${fileIn(dataDirectory)}. Name the hub's data directory with --data, or its libSQL server with --database-url`,
      { cause },
    );
  });
  const thread = databaseThread({ url: databaseUrl(fileIn(dataDirectory)), busyTimeoutMs, begin: [] });
  try {
    await thread.rows({ sql: 'VACUUM INTO ?', args: [fileIn(directory)] });
  } finally {
    await thread.close();
  }
}

/** The database's own files, by name: `copyDatabase` copies what is in them. */
export const isDatabaseFile = (name: string): boolean => /^hub\.sqlite(-wal|-shm|-journal)?$/.test(name);

function fileIn(dataDirectory: string): string {
  return path.join(dataDirectory, 'hub.sqlite');
}
