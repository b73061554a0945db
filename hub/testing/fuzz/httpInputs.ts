/** Requests for every route that the OpenAPI document describes, and for those of other APIs. */
import fc from 'fast-check';
import { z } from 'zod';
import { CountBody, MessagesBody } from '../../http/anthropic/messagesBody.ts';
import { OllamaChatBody } from '../../http/ollama/chatBody.ts';
import { OllamaGenerateBody } from '../../http/ollama/generateBody.ts';
import { ChatBody } from '../../http/openai/chatBody.ts';
import { CompletionBody } from '../../http/openai/completionBody.ts';
import { CompactBody } from '../../http/openai/responses/compactResponse.ts';
import { ResponseBody } from '../../http/openai/responses/responseBody.ts';
import { DetokenizeBody, TokenizeBody } from '../../http/tokens/tokenBodies.ts';
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

const text: JsonSchema = { type: 'string' };
const model: JsonSchema = { anyOf: [{ const: 'test-model' }, { const: 'test-model' }, text] };
const partsOf = (...types: string[]): JsonSchema => ({
  anyOf: [
    text,
    { type: 'array', items: { type: 'object', properties: { type: { enum: types }, text, refusal: text } } },
  ],
});
const called: JsonSchema = {
  type: 'object',
  properties: { id: text, function: { type: 'object', properties: { name: text, arguments: text } } },
};
const messages: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['role', 'content'],
    properties: {
      role: { enum: ['system', 'developer', 'user', 'assistant', 'tool'] },
      content: partsOf('text', 'refusal'),
      name: text,
      reasoning_content: text,
      tool_call_id: text,
      tool_calls: { type: 'array', items: called },
    },
  },
};
const itemOf = (type: string, properties: Record<string, JsonSchema>): JsonSchema => ({
  type: 'object',
  required: ['type', ...Object.keys(properties)],
  properties: { type: { const: type }, id: text, ...properties },
});
const items: JsonSchema = {
  anyOf: [
    text,
    {
      type: 'array',
      items: {
        anyOf: [
          itemOf('message', {
            role: { enum: ['user', 'assistant', 'system', 'developer'] },
            content: partsOf('input_text', 'output_text'),
          }),
          itemOf('function_call', { call_id: text, name: text, arguments: text }),
          itemOf('function_call_output', { call_id: text, output: partsOf('input_text') }),
          itemOf('custom_tool_call', { call_id: text, name: text, input: text }),
          itemOf('reasoning', { summary: { type: 'array', items: {} }, encrypted_content: text }),
          itemOf('compaction', { encrypted_content: text }),
          itemOf('item_reference', { id: text }),
        ],
      },
    },
  ],
};
const tools: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    properties: {
      type: { enum: ['function', 'custom', 'namespace', 'web_search'] },
      name: text,
      parameters: { type: 'object', additionalProperties: {} },
      format: { type: 'object', properties: { type: text } },
      function: {
        type: 'object',
        properties: { name: text, parameters: { type: 'object', additionalProperties: {} } },
      },
    },
  },
};
const blocks: JsonSchema = {
  anyOf: [
    text,
    {
      type: 'array',
      items: {
        anyOf: [
          itemOf('text', { text }),
          itemOf('thinking', { thinking: text, signature: text }),
          itemOf('tool_use', { name: text, input: {} }),
          itemOf('tool_result', {
            tool_use_id: text,
            content: partsOf('text'),
            is_error: { type: 'boolean' },
          }),
          itemOf('document', { source: itemOf('text', { data: text }), title: text }),
          itemOf('search_result', { source: text, title: text, content: partsOf('text') }),
        ],
      },
    },
  ],
};
const turns: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['role', 'content'],
    properties: { role: { enum: ['user', 'assistant', 'system'] }, content: blocks },
  },
};
const schemaTools: JsonSchema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name'],
    properties: {
      type: { enum: ['custom', 'web_search_20250305'] },
      name: text,
      input_schema: { type: 'object', additionalProperties: {} },
    },
  },
};
const options: JsonSchema = {
  type: 'object',
  properties: {
    num_predict: { type: 'integer', minimum: -2, maximum: 5000 },
    stop: { anyOf: [text, { type: 'array', items: text }] },
    temperature: { type: 'number' },
    seed: { type: 'integer' },
    mirostat: { type: 'integer' },
    num_ctx: { type: 'integer' },
  },
};
const tokenIds: JsonSchema = { type: 'array', items: { type: 'integer', minimum: -1, maximum: 7000 } };
/** Short, as somebody answers them all. */
const length: JsonSchema = { type: 'integer', minimum: 1, maximum: 5000 };

/** What a surface honours, and a field that nobody knows; those that one value or none was given for are fuzzed, too. */
function bodyOf(schema: z.ZodObject, known: Record<string, JsonSchema>, required: string[]): JsonSchema {
  const { properties } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  return { type: 'object', required, properties: { ...properties, ...known, model, unknown: {} } };
}

const chat = bodyOf(ChatBody, { messages, tools, max_tokens: length, n: { const: 1 } }, ['messages']);
const completion = bodyOf(CompletionBody, { max_tokens: length, n: { const: 1 } }, ['prompt']);
const response = bodyOf(ResponseBody, { input: items, tools, max_output_tokens: length }, ['input']);
const compaction = bodyOf(CompactBody, { input: items }, ['input']);
const turnsOf = { messages: turns, tools: schemaTools };
const anthropic = bodyOf(MessagesBody, { ...turnsOf, max_tokens: length }, ['messages', 'max_tokens']);
const counting = bodyOf(CountBody, turnsOf, ['messages']);
const ollamaChat = bodyOf(OllamaChatBody, { messages, tools, options }, ['messages']);
const ollamaGenerate = bodyOf(OllamaGenerateBody, { options }, ['prompt']);
const tokenize = bodyOf(TokenizeBody, {}, ['content']);
const detokenize = bodyOf(DetokenizeBody, { tokens: tokenIds }, ['tokens']);

const json = 'application/json';
const askingPaths: readonly [path: string, schema: JsonSchema][] = [
  ['/v1/chat/completions', chat],
  ['/chat/completions', chat],
  ['/v1/completions', completion],
  ['/v1/responses', response],
  ['/v1/responses', response],
  ['/v1/responses/compact', compaction],
  ['/v1/messages', anthropic],
  ['/v1/messages/count_tokens', counting],
  ['/api/chat', ollamaChat],
  ['/api/generate', ollamaGenerate],
  ['/tokenize', tokenize],
  ['/v1/detokenize', detokenize],
  ['/apply-template', chat],
];
const otherPaths = [
  '/',
  '/health',
  '/health/ready',
  '/v1/models',
  '/v1/models/{id}',
  '/v1/responses',
  '/v1/responses/{id}',
  '/v1/responses/{id}/cancel',
  '/v1/responses/{id}/input_items',
  '/v1/responses/{id}?stream=true&starting_after={id}',
  '/v1/messages/{id}',
  '/api/tags',
  '/api/show',
  '/api/pull',
  '/api/blobs/{id}',
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
  const asking = askingPaths.map(([path, schema]) => {
    const requestBody = { content: { [json]: { schema } } };
    return withHeaders(inputFor(path, 'POST', { requestBody }, context), everybody);
  });
  const others = otherPaths.flatMap((path) =>
    ['GET', 'POST', 'DELETE'].map((method) => withHeaders(inputFor(path, method, {}, context), everybody)),
  );
  return fc.oneof(
    { arbitrary: fc.oneof(...described), weight: 6 },
    { arbitrary: fc.oneof(...asking), weight: 3 },
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
