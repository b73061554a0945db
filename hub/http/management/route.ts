/** Helpers by which routes describe themselves. */
import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import { ErrorBody, type Scope } from '@potluck/api';
import type { Context } from 'hono';
import type { z } from 'zod';
import { requireScope } from '../caller.ts';

/** What every route of the management API says of itself. */
interface Description<P extends string> {
  method: RouteConfig['method'];
  path: P;
  summary: string;
  tag: string;
  /** What the caller must be allowed to do; undefined: open to everybody. */
  scope?: Scope;
}

const hint =
  'Log in with the admin password, or send an API key as "Authorization: Bearer …"; ' +
  'the hub says where to find its own when it starts.';

/**
 * By which a caller shows who it is. On the hub's own machine nothing need be shown until there is an administrator's
 * password.
 */
export const securitySchemes = {
  key: { type: 'http', scheme: 'bearer', description: 'An API key' },
  login: {
    type: 'apiKey',
    in: 'cookie',
    description: 'From POST /session; over HTTPS with __Host- before its name',
  },
} as const;

/** JSON content of a schema, as OpenAPI wants it. */
export function json<T extends z.ZodType>(schema: T): { 'application/json': { schema: T } } {
  return { 'application/json': { schema } };
}

/** An answer in JSON. */
export function answers<T extends z.ZodType>(
  schema: T,
  description: string,
): { content: { 'application/json': { schema: T } }; description: string } {
  return { content: json(schema), description };
}

/** A body in JSON. */
export function takes<T extends z.ZodType>(
  schema: T,
): { body: { content: { 'application/json': { schema: T } }; required: true } } {
  return { body: { content: json(schema), required: true } };
}

/** No answer but that it was done. */
export const done = { description: 'Done' };

/** Makes a route: who may use it, and the errors that all have in common. */
export function route<const P extends string, const R extends Pick<RouteConfig, 'request' | 'responses'>>(
  { tag, scope, ...description }: Description<P>,
  rest: R,
) {
  return createRoute({
    ...description,
    ...rest,
    tags: [tag],
    ...(scope === undefined
      ? { description: 'Open to everybody.' }
      : {
          description: `Needs the right to ${scope === 'admin' ? 'administer' : scope}.`,
          security: [{ key: [] }, { login: [] }],
          middleware: [requireScope(scope, hint)] as const,
        }),
    responses: {
      ...rest.responses,
      default: { content: json(ErrorBody), description: 'What is wrong, and what to do' },
    },
  });
}

/** Answers that something was done. */
export function noContent(c: Context): Response {
  return c.body(null, 204);
}
