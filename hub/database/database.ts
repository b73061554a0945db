/** The hub's database behind asynchronous functions: an embedded SQLite file. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@libsql/client';
import { StartError, messageOf } from '../errors.ts';
import { conversationStore, type ConversationStore } from './conversationStore.ts';
import { drizzle } from './drizzle.ts';
import {
  apiKeyStore,
  joinTokenStore,
  loginStore,
  type ApiKeyRow,
  type JoinTokenRow,
  type LoginStore,
  type RowStore,
} from './keyStore.ts';
import { migrate } from './migrations.ts';
import { nodeStore, type NodeStore } from './nodeStore.ts';
import { requestStore, type RequestStore } from './requestStore.ts';
import {
  deploymentStore,
  importStore,
  valueStore,
  type DeploymentStore,
  type ImportStore,
  type ValueStore,
} from './smallStores.ts';

/** How long a write waits for another process that has the file, in milliseconds. */
const busyTimeoutMs = 5000;

/** What the hub asks of its database. A promise that resolved means that the row survives a crash. */
export interface Database {
  requests: RequestStore;
  nodes: NodeStore;
  conversations: ConversationStore;
  apiKeys: RowStore<ApiKeyRow>;
  joinTokens: RowStore<JoinTokenRow>;
  logins: LoginStore;
  deployments: DeploymentStore;
  imports: ImportStore;
  values: ValueStore;
  close(): void;
}

/**
 * Opens `hub.sqlite` in the data directory.
 * @throws StartError if the file is damaged or can't be written
 */
export async function openDatabase(dataDirectory: string): Promise<Database> {
  const file = path.join(dataDirectory, 'hub.sqlite');
  const client = createClient({ url: pathToFileURL(file).href, timeout: busyTimeoutMs });
  try {
    // FULL: a write that was acknowledged is on the disk, also when the power goes.
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = FULL');
    await migrate(client);
  } catch (cause) {
    client.close();
    throw new StartError(
      `The database ${file} can't be used: ${messageOf(cause)}. Put a copy back, or move the file away.`,
      { cause },
    );
  }
  const database = drizzle(client);
  return {
    requests: requestStore(database),
    nodes: nodeStore(database),
    conversations: conversationStore(database),
    apiKeys: apiKeyStore(database),
    joinTokens: joinTokenStore(database),
    logins: loginStore(database),
    deployments: deploymentStore(database),
    imports: importStore(database),
    values: valueStore(database),
    close: () => client.close(),
  };
}
