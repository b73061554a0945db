/** Schemas in the style of JSON Schema's own test suite, made at random with a fixed seed. */

/** @returns the same schemas every time */
export function madeSchemas(count: number): unknown[] {
  let state = 42;
  const below = (most: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * most);
  };
  const names = ['a', 'name', 'x-y', 'é', 'a b', 'n1', 'values', 'quote"d'];
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const simple: (() => object)[] = [
    () => ({ type: 'string' }),
    () => ({ type: 'string', minLength: below(3), maxLength: 3 + below(5) }),
    () => ({
      type: 'string',
      pattern: pick(['^[a-z]+$', '^[A-Z]{2}[0-9]{1,3}$', '^(ab|cd)*$', '^x.y$', '[0-9]']),
    }),
    () => ({ type: 'integer' }),
    () => ({ type: 'integer', minimum: -below(20), maximum: 5 + below(500) }),
    () => ({ type: 'number', exclusiveMinimum: below(3), maximum: 10 + below(9) }),
    // Beyond 2^53 the validator rounds.
    () => ({ type: 'integer', minimum: 0, maximum: 9999, multipleOf: 1 + below(7) }),
    () => ({ type: 'boolean' }),
    () => ({ type: 'null' }),
    () => ({ type: ['string', 'null'] }),
    () => ({ enum: ['red', 'gr"een', 3, null, [1], { k: true }].slice(below(3), 4 + below(3)) }),
    () => ({ const: pick<unknown>(['x', 7, [1, 'b'], { c: { d: null } }, 'é日']) }),
  ];
  const make = (depth: number): object => {
    if (depth === 0) return pick(simple)();
    switch (below(6)) {
      case 0:
      case 1: {
        const used = names.filter(() => below(3) === 0);
        const properties = Object.fromEntries(used.map((name) => [name, make(depth - 1)]));
        const required = used.filter(() => below(2) === 0);
        return { type: 'object', properties, required, ...(below(4) > 0 && { additionalProperties: false }) };
      }
      case 2:
        return { type: 'array', items: make(depth - 1), minItems: below(3), maxItems: 3 + below(3) };
      case 3:
        return { anyOf: [make(depth - 1), make(depth - 1)] };
      case 4:
        return { type: 'object', additionalProperties: make(depth - 1) };
      default:
        return { type: 'array', prefixItems: [make(depth - 1), make(depth - 1)], minItems: 2, items: false };
    }
  };
  return Array.from({ length: count }, (_, index) => {
    const inner = make(index % 4);
    if (index % 10 !== 9) return inner;
    return {
      type: 'object',
      properties: { it: { $ref: '#/$defs/it' }, more: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
      required: ['it', 'more'],
      additionalProperties: false,
      $defs: { it: inner },
    };
  });
}
