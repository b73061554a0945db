/** The hub's database behind asynchronous functions: an embedded SQLite file. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@libsql/client';
import { desc, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/libsql';
import { StartError, messageOf } from '../errors.ts';
import type { WorkerRecord } from '../workers/workerTable.ts';
import { migrate } from './migrations.ts';
import type { RequestRecord } from './requestRecord.ts';
import { nodes, requests } from './schema.ts';

/** How long a write waits for another process that has the file, in milliseconds. */
const busyTimeoutMs = 5000;

/** What the hub asks of its database. A promise that resolved means that the row survives a crash. */
export interface Database {
  putRequest(record: RequestRecord): Promise<void>;
  findRequest(id: string): Promise<RequestRecord | undefined>;
  /** Newest first. */
  listRequests(limit: number): Promise<RequestRecord[]>;
  /** Marks requests that a former run left unfinished; called at start. */
  interruptRunningRequests(): Promise<void>;
  nodeJoined(worker: WorkerRecord): Promise<void>;
  nodeLeft(worker: WorkerRecord, reason: string): Promise<void>;
  listNodes(limit: number): Promise<NodeRecord[]>;
  close(): void;
}

export type NodeRecord = typeof nodes.$inferSelect;

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
    putRequest: async (record) => {
      await database.insert(requests).values(record).onConflictDoUpdate({ target: requests.id, set: record });
    },
    findRequest: async (id) => (await database.select().from(requests).where(eq(requests.id, id)))[0],
    listRequests: (limit) => database.select().from(requests).orderBy(desc(requests.createdAt)).limit(limit),
    interruptRunningRequests: async () => {
      await database.update(requests).set({ status: 'interrupted' }).where(eq(requests.status, 'running'));
    },
    nodeJoined: async (worker) => {
      const present = {
        name: worker.name,
        kind: worker.kind,
        device: `${worker.device.kind}: ${worker.device.description}`,
        version: worker.version,
        memoryBytes: worker.memoryBytes,
        lastJoinedAt: worker.joinedAt,
        lastLeftAt: null,
        lastLeftReason: null,
      };
      await database
        .insert(nodes)
        .values({ id: worker.id, firstJoinedAt: worker.joinedAt, ...present })
        .onConflictDoUpdate({ target: nodes.id, set: present });
    },
    nodeLeft: async (worker, reason) => {
      await database
        .update(nodes)
        .set({ lastLeftAt: Date.now(), lastLeftReason: reason })
        .where(eq(nodes.id, worker.id));
    },
    listNodes: (limit) => database.select().from(nodes).orderBy(desc(nodes.lastJoinedAt)).limit(limit),
    close: () => client.close(),
  };
}
