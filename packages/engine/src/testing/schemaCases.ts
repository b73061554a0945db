/** What a grammar engine must let pass, and what it must not, whichever engine it is. */

export interface SchemaCase {
  schema: unknown;
  /** Texts that are answers. */
  good: string[];
  /** Texts that are none: at some byte, or at their end. */
  bad: string[];
}

const object = (properties: object, required: string[] = Object.keys(properties)): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

export const schemaCases: Record<string, SchemaCase> = {
  object: {
    schema: { type: 'object' },
    good: ['{}', '{"a":[1,{"b":null}]}'],
    bad: ['[]', '{"a"}', '{', '{}x'],
  },
  'empty object': { schema: object({}), good: ['{}'], bad: ['{"a":1}', '{ "'] },
  string: { schema: { type: 'string' }, good: ['""', '"a b"', '"é日本😀"'], bad: ['a', '"', '"a', '1'] },
  escapes: {
    schema: { type: 'string' },
    good: ['"\\n\\t\\"\\\\"', '"\\u0010"', '"\\b\\f\\r"'],
    bad: ['"\n"', '"\u0010"', '"\\x41"', '"\\u12"', '"\\"'],
  },
  'length of strings': {
    schema: { type: 'string', minLength: 2, maxLength: 3 },
    good: ['"ab"', '"abc"', '"日本"', '"a\\n"', '"\\u0010b"'],
    bad: ['"a"', '"abcd"', '"\u0010b"'],
  },
  pattern: {
    schema: { type: 'string', pattern: '^[A-Z]{2}-[0-9]+$' },
    good: ['"AB-1"', '"ZZ-0123"'],
    bad: ['"Ab-1"', '"AB-"', '"AB-1x"', '""'],
  },
  'pattern anywhere': {
    schema: { type: 'string', pattern: 'b+' },
    good: ['"abc"', '"b"'],
    bad: ['"ac"', '""'],
  },
  'pattern with any sign': {
    schema: { type: 'string', pattern: '^a.c$' },
    good: ['"abc"', '"a\\"c"'],
    bad: ['"a"c"', '"ac"'],
  },
  integer: { schema: { type: 'integer' }, good: ['0', '-12', '345'], bad: ['01', '-', '1.5', '"1"', '+1'] },
  number: {
    schema: { type: 'number' },
    good: ['0.5', '-1e10', '2E-3', '10'],
    bad: ['.5', '1.', 'NaN', '1e'],
  },
  bounds: {
    schema: { type: 'integer', minimum: -3, maximum: 12 },
    good: ['-3', '0', '12', '9'],
    bad: ['-4', '13', '120', '-30'],
  },
  'open bounds': {
    schema: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
    good: ['0.5', '0.01'],
    bad: ['0', '1', '1.5', '-0.5', '0.0'],
  },
  'multiple of': { schema: { type: 'integer', multipleOf: 5 }, good: ['0', '15'], bad: ['3', '16'] },
  boolean: { schema: { type: 'boolean' }, good: ['true', 'false'], bad: ['True', '0', 'tru', 'truex'] },
  null: { schema: { type: 'null' }, good: ['null'], bad: ['nil', 'nul', '0'] },
  anything: { schema: {}, good: ['null', '[1]', '"a"', '{"a":{}}'], bad: ['', 'a', '[1', ','] },
  enum: {
    schema: { enum: ['a', 'ab', 1, null, { b: [2] }] },
    good: ['"a"', '"ab"', '1', 'null', '{"b":[2]}'],
    bad: ['"b"', '2', '"abc"', '{"b":[3]}'],
  },
  'enum of letters': {
    schema: { enum: ['é', '"', '\\', '日'] },
    good: ['"é"', '"\\""', '"\\\\"', '"日"'],
    bad: ['"e"'],
  },
  const: { schema: { const: { a: [1, 'x'] } }, good: ['{"a":[1,"x"]}'], bad: ['{"a":[1]}', '{"a":[1,"y"]}'] },
  required: {
    schema: object({ a: { type: 'integer' }, b: { type: 'string' } }),
    good: ['{"a":1,"b":"x"}', '{"a": 1, "b": "x"}'],
    bad: ['{"a":1}', '{"b":"x"}', '{"a":1,"b":2}', '{"a":1,"b":"x","c":1}', '{"a":1,,"b":"x"}'],
  },
  optional: {
    schema: object({ a: { type: 'integer' }, b: { type: 'integer' } }, ['b']),
    good: ['{"b":1}', '{"a":1,"b":2}'],
    bad: ['{}', '{"a":1}', '{"a":1,"a":2,"b":3}'],
  },
  'required without properties': {
    schema: { type: 'object', required: ['a'] },
    good: ['{"a":1}', '{"a":[],"b":2}'],
    bad: ['{}', '{"b":2}'],
  },
  'odd names': {
    schema: object({ 'a"b': { type: 'null' }, 'c\\d': { type: 'null' }, é: { type: 'null' } }),
    good: ['{"a\\"b":null,"c\\\\d":null,"é":null}'],
    bad: ['{"a"b":null,"c\\\\d":null,"é":null}'],
  },
  'other properties': {
    schema: { type: 'object', additionalProperties: { type: 'boolean' } },
    good: ['{}', '{"x":true,"y":false}'],
    bad: ['{"x":1}', '{"x":true,}'],
  },
  'properties by pattern': {
    schema: {
      type: 'object',
      patternProperties: { '^n_': { type: 'integer' } },
      additionalProperties: false,
    },
    good: ['{"n_a":1}', '{}'],
    bad: ['{"n_a":"x"}', '{"m":1}'],
  },
  'any array': { schema: { type: 'array' }, good: ['[]', '[1,"a",[]]'], bad: ['[1,]', '[', '{}', '[,1]'] },
  items: {
    schema: { type: 'array', items: { type: 'integer' } },
    good: ['[]', '[1,2]', '[1, 2]'],
    bad: ['["a"]', '[1 2]', '[1.5]'],
  },
  'count of items': {
    schema: { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 2 },
    good: ['[true]', '[true,false]'],
    bad: ['[]', '[true,true,true]'],
  },
  tuple: {
    schema: {
      type: 'array',
      prefixItems: [{ type: 'integer' }, { type: 'string' }],
      items: false,
      minItems: 2,
    },
    good: ['[1,"a"]'],
    bad: ['["a",1]', '[1]', '[1,"a",2]'],
  },
  'array of objects': {
    schema: { type: 'array', items: object({ k: { enum: ['x', 'y'] } }) },
    good: ['[{"k":"x"},{"k":"y"}]', '[]'],
    bad: ['[{"k":"z"}]', '[{}]'],
  },
  'nullable by type': { schema: { type: ['string', 'null'] }, good: ['null', '"a"'], bad: ['1', '[]'] },
  'nullable by choice': {
    schema: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    good: ['null', '"a"', '"null"'],
    bad: ['1', 'nul'],
  },
  'several types': { schema: { type: ['integer', 'boolean'] }, good: ['1', 'true'], bad: ['null', '1.5'] },
  choice: {
    schema: { anyOf: [object({ a: { type: 'integer' } }), object({ b: { type: 'string' } })] },
    good: ['{"a":1}', '{"b":"x"}'],
    bad: ['{"a":"x"}', '{"b":1}', '{"a":1,"b":"x"}'],
  },
  'choice by kind': {
    schema: {
      oneOf: [
        object({ kind: { const: 'cat' }, lives: { type: 'integer' } }),
        object({ kind: { const: 'dog' }, name: { type: 'string' } }),
      ],
    },
    good: ['{"kind":"cat","lives":9}', '{"kind":"dog","name":"Rex"}'],
    bad: ['{"kind":"cat","name":"Rex"}', '{"kind":"cow"}'],
  },
  'all of': {
    schema: { allOf: [{ type: 'integer', minimum: 3 }, { maximum: 5 }] },
    good: ['3', '5'],
    bad: ['2', '6', '"4"'],
  },
  'all of objects': {
    schema: {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { type: 'object', properties: { b: { type: 'boolean' } }, required: ['b'] },
      ],
    },
    good: ['{"a":1,"b":true}'],
    bad: ['{"a":1}', '{"a":"x","b":true}', '{"b":true}'],
  },
  reference: {
    schema: { ...object({ a: { $ref: '#/$defs/n' } }), $defs: { n: { type: 'integer' } } },
    good: ['{"a":1}'],
    bad: ['{"a":"1"}', '{}'],
  },
  recursion: {
    schema: {
      $ref: '#/$defs/node',
      $defs: {
        node: object({
          v: { type: 'integer' },
          next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
        }),
      },
    },
    good: ['{"v":1,"next":null}', '{"v":1,"next":{"v":2,"next":null}}'],
    bad: ['{"v":1}', '{"v":1,"next":{"v":2}}'],
  },
  'recursion to the root': {
    schema: { type: 'array', items: { $ref: '#' } },
    good: ['[]', '[[],[[]]]'],
    bad: ['[1]', '[[}]'],
  },
  nested: {
    schema: object({ a: object({ b: object({ c: { type: 'array', items: { type: 'null' } } }) }) }),
    good: ['{"a":{"b":{"c":[null]}}}'],
    bad: ['{"a":{"b":{"c":[1]}}}', '{"a":{"b":{}}}'],
  },
  uuid: {
    schema: { type: 'string', format: 'uuid' },
    good: ['"123e4567-e89b-12d3-a456-426614174000"'],
    bad: ['"123e4567"', '"zz3e4567-e89b-12d3-a456-426614174000"'],
  },
  date: {
    schema: { type: 'string', format: 'date' },
    good: ['"2026-11-28"'],
    bad: ['"2026-13-28"', '"28.11.2026"'],
  },
  time: {
    schema: { type: 'string', format: 'date-time' },
    good: ['"2026-11-28T10:00:00Z"'],
    bad: ['"2026-11-28"'],
  },
  'true schema inside': {
    schema: object({ a: true as never }),
    good: ['{"a":[1]}', '{"a":null}'],
    bad: ['{}'],
  },
  'title and description': {
    schema: { title: 'x', description: 'y', $comment: 'z', type: 'integer', default: 1, examples: [2] },
    good: ['7'],
    bad: ['"7"'],
  },
  'number or text': {
    schema: { anyOf: [{ type: 'number' }, { type: 'string', maxLength: 2 }] },
    good: ['1.5', '"ab"'],
    bad: ['"abc"', 'true'],
  },
  'enum with type': { schema: { type: 'string', enum: ['a', 'b'] }, good: ['"a"'], bad: ['"c"', 'a'] },
  deep: {
    schema: Array.from({ length: 20 }).reduce<object>((inner) => object({ x: inner }), { type: 'null' }),
    good: [`${'{"x":'.repeat(20)}null${'}'.repeat(20)}`],
    bad: [`${'{"x":'.repeat(19)}null${'}'.repeat(19)}`],
  },
};

/** Schemas that an engine may refuse with a reason, and must never take for something else. */
export const refusedSchemas: Record<string, unknown> = {
  'unique items': { type: 'array', uniqueItems: true },
  not: { not: { type: 'string' } },
  condition: { if: { type: 'string' }, then: { minLength: 2 } },
  'no such type': { type: 'strin' },
  'no such definition': { $ref: '#/$defs/x' },
  'look-ahead': { type: 'string', pattern: '(?=a)b' },
  'no such format': { type: 'string', format: 'zip code' },
  'nothing fits': { allOf: [{ type: 'string' }, { type: 'number' }] },
};
