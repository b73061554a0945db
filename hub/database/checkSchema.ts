/** Whether a database has what the stores ask for: a copy that was cut, or another program's file, may not. */
import type { Client } from '@libsql/client';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import { getTableColumns, getTableName } from './drizzle.ts';
import * as schema from './schema.ts';

/** @throws Error that names what is missing */
export async function checkSchema(client: Client): Promise<void> {
  const { rows } = await client.execute(
    "SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'",
  );
  const found = new Map<string, Set<string>>();
  for (const row of rows) {
    const [table, column] = [row[0] as string, row[1] as string];
    found.set(table, (found.get(table) ?? new Set()).add(column));
  }
  for (const table of Object.values<SQLiteTable>(schema)) {
    const name = getTableName(table);
    const columns = found.get(name);
    if (!columns) throw new Error(`it lacks the table ${name}`);
    const missing = Object.values(getTableColumns(table)).find((column) => !columns.has(column.name));
    if (missing) throw new Error(`its table ${name} lacks the column ${missing.name}`);
  }
}
