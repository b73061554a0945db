/** What the hub keeps, and where. */
import path from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { StorageUse } from '@potluck/api';
import { freeDiskBytes } from '@potluck/machine';
import { dataFolders } from '../../files/dataFolders.ts';
import { sizeOfFolder } from '../../files/sizeOfFolder.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, route } from './route.ts';

export interface StorageRouteComponents {
  dataDirectory: string;
}

/** What lies where below the data directory. */
const places: Record<StorageUse['parts'][number]['name'], string[]> = {
  database: ['hub.sqlite', 'hub.sqlite-wal'],
  models: [dataFolders.models],
  weights: [dataFolders.blobs],
  imports: [dataFolders.imports],
  workers: [dataFolders.workers],
};

/** Routes to mount under `/storage`. */
export function storageRoutes({ dataDirectory }: StorageRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'What the hub keeps, and where', tag: 'Storage', scope: 'admin' },
      { responses: { 200: answers(StorageUse, 'Sizes of what lies in the data directory') } },
    ),
    async (c) => {
      const parts: StorageUse['parts'] = [];
      for (const [name, files] of Object.entries(places)) {
        let bytes = 0;
        for (const file of files) bytes += await sizeOfFolder(path.join(dataDirectory, file));
        // It is at a server.
        if (name === 'database' && bytes === 0) continue;
        parts.push({ name: name as keyof typeof places, bytes });
      }
      const freeBytes = await freeDiskBytes(dataDirectory).catch(() => null);
      return c.json({ directory: dataDirectory, parts, freeBytes }, 200);
    },
  );
  return app;
}
