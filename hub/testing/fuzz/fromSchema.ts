/** Values for fast-check that a JSON schema describes, and such as it does not. */
import fc from 'fast-check';

/** As far as zod writes it. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
}

export interface FuzzContext {
  /** What `$ref` names, by its last part. */
  schemas: Record<string, JsonSchema>;
  /** Ids and names of things that are there, so that some inputs come past the first check. */
  known: readonly string[];
}

/** Where schemas go on without an end. */
const maxDepth = 6;

export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    ...['', '\0', '../../etc/passwd', '%00', '__proto__', 'constructor', "' OR 1=1 --", '<script>', '${7*7}'],
    ...[
      '\uD800',
      '\u202E',
      'NaN',
      '-1',
      '1e999',
      '0x10',
      'a'.repeat(5000),
      '[[[[',
      '{"a":',
      '*',
      '%',
      '\r\nX: y',
    ],
  ),
);

export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  hostileText,
  fc.constantFrom(
    ...[null, true, 0, -0, -1, 1e-320, 2 ** 53, 1e308, [], {}, [[]], { __proto__: 1 }],
    ...[Array.from({ length: 300 }, () => 0), { type: 'x' }],
  ),
);

/** What the schema describes, with something else in its place now and then. */
export function fromSchema(schema: JsonSchema, context: FuzzContext, depth = 0): fc.Arbitrary<unknown> {
  const fitting = fittingValue(schema, context, depth);
  return fc.oneof({ arbitrary: fitting, weight: 40 }, { arbitrary: hostileValue, weight: 1 });
}

function fittingValue(schema: JsonSchema, context: FuzzContext, depth: number): fc.Arbitrary<unknown> {
  if (depth > maxDepth) return hostileValue;
  const below = (one: JsonSchema): fc.Arbitrary<unknown> => fromSchema(one, context, depth + 1);
  if (schema.$ref !== undefined) {
    return below(context.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});
  }
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(below));
  if (schema.allOf) {
    const parts = schema.allOf.map(below);
    return fc.tuple(...parts).map((values) => Object.assign({}, ...values.map(asObject)) as unknown);
  }
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return fc.oneof(...types.map((type) => ofType(type, schema, context, below)));
}

function ofType(
  type: string | undefined,
  schema: JsonSchema,
  { known }: FuzzContext,
  below: (schema: JsonSchema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  switch (type) {
    case 'string':
      return fc.oneof(
        { arbitrary: fc.constantFrom(...known), weight: 3 },
        { arbitrary: hostileText, weight: 1 },
        { arbitrary: fc.string({ maxLength: 20 }), weight: 2 },
      );
    case 'integer':
    case 'number': {
      const { minimum: min = 0, maximum: max = 2 ** 40 } = schema;
      const range = { min: Math.ceil(Math.max(min, -(2 ** 40))), max: Math.floor(Math.min(max, 2 ** 40)) };
      return fc.integer(range);
    }
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(below(schema.items ?? {}), { maxLength: Math.min(4, schema.maxItems ?? 4) });
    case 'object': {
      const named = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, below(one)] as const);
      const record = recordOf(named, schema.required ?? []);
      const { additionalProperties } = schema;
      if (typeof additionalProperties !== 'object') return record;
      const more = fc.dictionary(hostileText, below(additionalProperties), { maxKeys: 4 });
      return fc.tuple(more, record).map(([others, own]) => ({ ...others, ...own }));
    }
    default:
      return hostileValue;
  }
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Of more, one is nearly always wrong, and nothing comes past the first check. */
const mostOptional = 5;

function recordOf(
  named: (readonly [name: string, value: fc.Arbitrary<unknown>])[],
  required: readonly string[],
): fc.Arbitrary<Record<string, unknown>> {
  const needed = named.filter(([name]) => required.includes(name));
  const optional = named.filter(([name]) => !required.includes(name));
  const requiredKeys = needed.map(([name]) => name);
  if (optional.length <= 2 * mostOptional) return fc.record(Object.fromEntries(named), { requiredKeys });
  return fc
    .subarray(optional, { maxLength: mostOptional })
    .chain((some) => fc.record(Object.fromEntries([...needed, ...some])));
}
