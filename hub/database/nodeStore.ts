/** Workers that ever joined, in the database, with what the operator decided about them. */
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import { InstanceId, WorkerId } from '@potluck/protocol';
import type { NodeStore } from '../workers/nodeStore.ts';
import { desc, eq, or, isNotNull, ne } from './drizzle.ts';
import { nodes } from './schema.ts';

export function nodeStore(database: LibSQLDatabase): NodeStore {
  return {
    joined: async (worker) => {
      const present = {
        name: worker.reportedName,
        kind: worker.kind,
        device: `${worker.device.kind}: ${worker.device.description}`,
        version: worker.version,
        memoryBytes: worker.memoryBytes,
        lastJoinedAt: worker.joinedAt,
        lastLeftAt: null,
        lastLeftReason: null,
        instanceId: worker.instanceId,
      };
      await database
        .insert(nodes)
        .values({ id: worker.id, firstJoinedAt: worker.joinedAt, mode: 'active', ...present })
        .onConflictDoUpdate({ target: nodes.id, set: present });
    },
    left: async (worker, reason) => {
      await database
        .update(nodes)
        .set({ lastLeftAt: Date.now(), lastLeftReason: reason })
        .where(eq(nodes.id, worker.id));
    },
    list: (limit) => database.select().from(nodes).orderBy(desc(nodes.lastJoinedAt)).limit(limit),
    find: async (id) => (await database.select().from(nodes).where(eq(nodes.id, id)))[0],
    putPolicy: async (id, { name, mode, bannedBecause }) => {
      await database.update(nodes).set({ givenName: name, mode, bannedBecause }).where(eq(nodes.id, id));
    },
    putSpeed: async (id, speed) => {
      await database.update(nodes).set({ speed }).where(eq(nodes.id, id));
    },
    speeds: async () => {
      const rows = await database.select({ id: nodes.id, speed: nodes.speed }).from(nodes);
      return rows.flatMap(({ id, speed }) => (speed === null ? [] : [[WorkerId.parse(id), speed]]));
    },
    names: async () => {
      const rows = await database.select({ id: nodes.id, name: nodes.name }).from(nodes);
      return rows.map(({ id, name }) => [WorkerId.parse(id), name]);
    },
    instances: async () => {
      const rows = await database.select({ id: nodes.id, instanceId: nodes.instanceId }).from(nodes);
      return rows.flatMap(({ id, instanceId }) =>
        instanceId === null ? [] : [[WorkerId.parse(id), InstanceId.parse(instanceId)]],
      );
    },
    policies: async () => {
      const decided = or(
        isNotNull(nodes.givenName),
        ne(nodes.mode, 'active'),
        isNotNull(nodes.bannedBecause),
      );
      const rows = await database.select().from(nodes).where(decided);
      return rows.map(({ id, givenName, mode, bannedBecause }) => [
        WorkerId.parse(id),
        { name: givenName, mode, bannedBecause },
      ]);
    },
  };
}
