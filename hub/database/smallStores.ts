/** Deployments, imports and single values in the database. */
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { ImportStore } from '../models/imports/importStore.ts';
import type { DeploymentStore } from '../pipelines/deploymentStore.ts';
import type { ValueStore } from '../settings/valueStore.ts';
import { asc, eq } from './drizzle.ts';
import { deployments, imports, values } from './schema.ts';

export function deploymentStore(database: LibSQLDatabase): DeploymentStore {
  return {
    list: () => database.select().from(deployments).orderBy(asc(deployments.createdAt)),
    put: async (row) => {
      await database
        .insert(deployments)
        .values(row)
        .onConflictDoUpdate({ target: deployments.model, set: row });
    },
    remove: async (model) => void (await database.delete(deployments).where(eq(deployments.model, model))),
  };
}

export function importStore(database: LibSQLDatabase): ImportStore {
  return {
    list: async () =>
      (await database.select().from(imports).orderBy(asc(imports.createdAt))).map(({ record }) => record),
    put: async (id, createdAt, record) => {
      const row = { id, createdAt, record };
      await database.insert(imports).values(row).onConflictDoUpdate({ target: imports.id, set: row });
    },
    remove: async (id) => void (await database.delete(imports).where(eq(imports.id, id))),
  };
}

export function valueStore(database: LibSQLDatabase): ValueStore {
  return {
    get: async (name) => (await database.select().from(values).where(eq(values.name, name)))[0]?.value,
    put: async (name, value) => {
      const row = { name, value };
      await database.insert(values).values(row).onConflictDoUpdate({ target: values.name, set: row });
    },
  };
}
