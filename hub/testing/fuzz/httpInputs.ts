/** Requests for every route that the OpenAPI document describes, and for those of OpenAI's API. */
import fc from 'fast-check';
import { fromSchema, hostileText, hostileValue, type FuzzContext, type JsonSchema } from './fromSchema.ts';

export interface HttpInput {
  method: string;
  path: string;
  headers: Record<string, string>;
  /** As it is sent; undefined: none. */
  body: string | undefined;
}

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema?: JsonSchema }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
}

export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

/** As `ChatBody` takes it; the route is not in the document. */
const chat: JsonSchema = {
  type: 'object',
  required: ['messages'],
  properties: {
    model: { anyOf: [{ const: 'test-model' }, { const: 'test-model' }, { type: 'string' }] },
    messages: {
      type: 'array',
      items: {
        type: 'object',
        required: ['role', 'content'],
        properties: {
          role: { enum: ['system', 'developer', 'user', 'assistant', 'tool'] },
          content: {
            anyOf: [
              { type: 'string' },
              {
                type: 'array',
                items: { type: 'object', properties: { type: { const: 'text' }, text: { type: 'string' } } },
              },
            ],
          },
          name: { type: 'string' },
        },
      },
    },
    stream: { type: 'boolean' },
    max_tokens: { type: 'integer', minimum: 1, maximum: 5000 },
    temperature: { type: 'number', minimum: 0, maximum: 2 },
    top_p: { type: 'number', minimum: 0, maximum: 1 },
    top_k: { type: 'integer', minimum: -1, maximum: 100 },
    repetition_penalty: { type: 'number', minimum: 1, maximum: 10 },
    seed: { type: 'integer' },
    stop: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    logit_bias: { type: 'object', additionalProperties: { type: 'number', minimum: -100, maximum: 100 } },
    logprobs: { type: 'boolean' },
    top_logprobs: { type: 'integer', minimum: 0, maximum: 20 },
    chat_template_kwargs: { type: 'object', additionalProperties: {} },
    n: { const: 1 },
    unknown: {},
  },
};

const json = 'application/json';
const otherPaths = [
  '/',
  '/health',
  '/health/ready',
  '/v1/models',
  '/v1/models/{id}',
  '/blobs/{id}',
  '/peerjs/{id}/id',
  '/{id}',
];

/** By these an administrator rightly ends the answers of others: only keys without that right are sent with them. */
const endsAnswers =
  /^(POST \/requests\/\{id\}\/cancel|(POST|PATCH) \/nodes\/\{id\}.*|(PUT|DELETE) \/deployments|DELETE \/models)$/;

export interface FuzzKeys {
  /** An API key that may administer. */
  admin: string;
  /** Others; undefined: none is sent. */
  others: readonly (string | undefined)[];
}

export function httpInputs(
  { paths, components }: OpenApiDocument,
  known: readonly string[],
  { admin, others: otherKeys }: FuzzKeys,
): fc.Arbitrary<HttpInput> {
  const context: FuzzContext = { schemas: components.schemas, known };
  const everybody = fc.constantFrom(admin, admin, admin, ...otherKeys);
  const withoutAdmin = fc.constantFrom(...otherKeys);
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, operation]) => {
      const method = name.toUpperCase();
      const keys = endsAnswers.test(`${method} ${path}`) ? withoutAdmin : everybody;
      return withHeaders(inputFor(`/api${path}`, method, operation, context), keys);
    }),
  );
  const content = { [json]: { schema: chat } };
  const chatting = ['/v1/chat/completions', '/chat/completions'].map((path) =>
    withHeaders(inputFor(path, 'POST', { requestBody: { content } }, context), everybody),
  );
  const others = otherPaths.flatMap((path) =>
    ['GET', 'POST', 'DELETE'].map((method) => withHeaders(inputFor(path, method, {}, context), everybody)),
  );
  return fc.oneof(
    { arbitrary: fc.oneof(...described), weight: 6 },
    { arbitrary: fc.oneof(...chatting), weight: 2 },
    { arbitrary: fc.oneof(...others), weight: 1 },
  );
}

function withHeaders(
  input: fc.Arbitrary<HttpInput>,
  keys: fc.Arbitrary<string | undefined>,
): fc.Arbitrary<HttpInput> {
  return fc.tuple(input, keys, headers).map(([one, key, more]) => ({
    ...one,
    headers: { ...one.headers, ...more, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
  }));
}

/** Mostly none. */
const headers = fc.oneof(
  { arbitrary: fc.constant({}), weight: 8 },
  {
    arbitrary: fc.dictionary(
      fc.constantFrom(
        ...[
          'accept',
          'cookie',
          'origin',
          'host',
          'range',
          'last-event-id',
          'x-forwarded-for',
          'x-forwarded-host',
        ],
        ...[
          'content-type',
          'content-encoding',
          'sec-fetch-site',
          'x-potluck-conversation',
          'x-potluck-parent',
        ],
        ...['x-potluck-message', 'x-request-id', 'if-none-match', 'access-control-request-headers'],
      ),
      hostileText.map((text) => text.replaceAll(/[^\x20-\x7e]/g, '').trim()),
      { maxKeys: 3 },
    ),
    weight: 2,
  },
);

function inputFor(
  path: string,
  method: string,
  operation: Operation,
  context: FuzzContext,
): fc.Arbitrary<HttpInput> {
  const { parameters = [], requestBody } = operation;
  const word = fc.oneof(fc.constantFrom(...context.known), hostileText);
  const places = path.match(/\{\w+\}/g) ?? [];
  const queryNames = parameters.filter(({ in: place }) => place === 'query');
  const query = fc.record(
    Object.fromEntries(queryNames.map(({ name, schema = {} }) => [name, fromSchema(schema, context)])),
    { requiredKeys: queryNames.flatMap(({ name, required }) => (required ? [name] : [])) },
  );
  const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(requestBody?.content ?? {});
  const body = requestBody
    ? fc.oneof(
        { arbitrary: fromSchema(schema, context).map((value) => JSON.stringify(value)), weight: 9 },
        {
          arbitrary: fc.oneof(
            hostileText,
            hostileValue.map((value) => JSON.stringify(value)),
          ),
          weight: 1,
        },
      )
    : fc.constant(undefined);
  return fc.tuple(fc.tuple(...places.map(() => word)), query, body).map(([words, asked, sent]) => {
    const filled = path.replaceAll(/\{\w+\}/g, () =>
      encodeURIComponent((words.shift() ?? '').toWellFormed()),
    );
    const search = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, String(value)]));
    return {
      method,
      path: search.size > 0 ? `${filled}?${search.toString()}` : filled,
      headers: sent === undefined ? {} : { 'content-type': type },
      body: sent,
    };
  });
}
