/** Deployments, imports and single values in the database. */
import type { LibSQLDatabase } from 'drizzle-orm/libsql';
import type { DeploymentPlan } from '@potluck/api';
import { asc, eq } from './drizzle.ts';
import { deployments, imports, values } from './schema.ts';

export interface DeploymentStore {
  /** Oldest first. */
  list(): Promise<{ model: string; plan: DeploymentPlan; createdAt: number }[]>;
  put(row: { model: string; plan: DeploymentPlan; createdAt: number }): Promise<void>;
  remove(model: string): Promise<void>;
}

export interface ImportStore {
  /** Oldest first; as they were put, to be checked by the reader. */
  list(): Promise<unknown[]>;
  put(id: string, createdAt: number, record: unknown): Promise<void>;
  remove(id: string): Promise<void>;
}

export interface ValueStore {
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
}

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
