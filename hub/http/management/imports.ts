/** Models on their way in. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Import, NewImport, UploadPath } from '@potluck/api';
import { z } from 'zod';
import type { Imports } from '../../models/imports/imports.ts';
import { openApiRoutes } from './openApi.ts';
import { answers, done, json, noContent, route, takes } from './route.ts';

export interface ImportRouteComponents {
  imports: Imports;
}

const tag = 'Models';
const params = z.object({ id: z.string() });
const Piece = z.strictObject({ path: UploadPath, offset: z.coerce.number().int().nonnegative() });
const Resume = z.strictObject({ token: z.string().min(1).max(500).optional() });

/** Routes to mount under `/imports`. */
export function importRoutes({ imports }: ImportRouteComponents): OpenAPIHono {
  const app = openApiRoutes();
  app.openapi(
    route(
      { method: 'get', path: '/', summary: 'Models on their way in', tag, scope: 'ask' },
      { responses: { 200: answers(z.object({ imports: z.array(Import) }), 'Oldest first') } },
    ),
    (c) => c.json({ imports: [...imports.list] }, 200),
  );
  app.openapi(
    route(
      { method: 'post', path: '/', summary: 'Add a model', tag, scope: 'admin' },
      {
        request: takes(NewImport),
        responses: { 201: answers(Import, 'Begun; an upload waits for its files') },
      },
    ),
    async (c) => c.json(await imports.create(c.req.valid('json')), 201),
  );
  app.openapi(
    route(
      { method: 'put', path: '/{id}/files', summary: 'Send a piece of a file', tag, scope: 'admin' },
      {
        request: {
          params,
          query: Piece,
          body: { content: { 'application/octet-stream': { schema: z.string() } } },
        },
        responses: { 200: answers(Import, 'How much is here now') },
      },
    ),
    async (c) => {
      const { path, offset } = c.req.valid('query');
      const { body } = c.req.raw;
      return c.json(await imports.addPiece(c.req.valid('param').id, path, offset, body), 200);
    },
  );
  app.openapi(
    route(
      { method: 'post', path: '/{id}/pause', summary: 'Stop for now', tag, scope: 'admin' },
      { request: { params }, responses: { 200: answers(Import, 'The import as it is now') } },
    ),
    async (c) => c.json(await imports.pause(c.req.valid('param').id), 200),
  );
  app.openapi(
    route(
      { method: 'post', path: '/{id}/resume', summary: 'Go on where it was', tag, scope: 'admin' },
      {
        request: { params, body: { content: json(Resume), required: false } },
        responses: { 200: answers(Import, 'The import as it is now') },
      },
    ),
    async (c) => c.json(await imports.resume(c.req.valid('param').id, c.req.valid('json')?.token), 200),
  );
  app.openapi(
    route(
      { method: 'delete', path: '/{id}', summary: 'Give up, or clear from the list', tag, scope: 'admin' },
      { request: { params }, responses: { 204: done } },
    ),
    async (c) => {
      await imports.remove(c.req.valid('param').id);
      return noContent(c);
    },
  );
  return app;
}
