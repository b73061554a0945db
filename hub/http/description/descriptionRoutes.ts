/** `/v1/openapi.json`: what programs can ask, from the schemas that read their requests. */
import { ErrorBody } from '@potluck/api';
import { Hono } from 'hono';
import { z } from 'zod';
import { hubVersion } from '../../network/hubVersion.ts';
import * as answers from './answers.ts';
import { operations, type Operation } from './operations.ts';

/** Routes to mount under `/v1`. */
export function descriptionRoutes(): Hono {
  const app = new Hono();
  // Made once, when somebody asks first: it takes tens of milliseconds.
  let description: string | undefined;
  app.get('/openapi.json', (c) => {
    description ??= JSON.stringify(describeV1());
    return c.body(description, { headers: { 'content-type': 'application/json' } });
  });
  return app;
}

type Json = Record<string, unknown>;

/** @returns an OpenAPI 3.1 document */
function describeV1(): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describe(operation) };
  }
  const schemas = Object.entries({ ...answers, Error: ErrorBody }).map(([name, schema]) => [
    name,
    jsonSchema(schema, 'output'),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Potluck for programs',
      version: hubVersion,
      description:
        'Names of fields that no schema has are ignored, or refused where they would change an answer.',
    },
    servers: [{ url: '/v1' }],
    security: [{ key: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(schemas) as Json,
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key' } },
    },
  };
}

function describe({ path, summary, tag, body, answer, event, query = {} }: Operation): Json {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    return { name, in: 'path', required: true, schema: { type: 'string' } };
  });
  const inQuery = Object.entries(query).map(([name, schema]) => {
    return { name, in: 'query', schema: jsonSchema(schema, 'input') };
  });
  const content = {
    ...json(reference(answer)),
    ...(event === undefined ? {} : { 'text/event-stream': { schema: reference(event) } }),
  };
  return {
    summary,
    tags: [tag],
    description: 'Needs the right to ask.',
    parameters: [...inPath, ...inQuery],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: json(jsonSchema(body, 'input')) } }),
    responses: {
      200: { description: 'The answer', content },
      default: { description: 'What is wrong, and what to do', content: json(reference('Error')) },
    },
  };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** What a schema can't say in JSON is left open there. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
