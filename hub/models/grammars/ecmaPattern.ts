/** Regular expressions as JSON Schema means them (ECMA-262), for an engine of Rust's, to which `\d` is every script's digits. */

const classes: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'A-Za-z0-9_',
};

/**
 * `z.email()` in the first versions of zod 4: two look-aheads, which the engine has not, keep dots from the beginning and from one another. The second
 * takes the same texts without them.
 */
const zodEmail: readonly [start: string, same: string] = [
  "^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@",
  "^(?:[A-Za-z0-9_'+\\-]+\\.)*[A-Za-z0-9_'+\\-]*[A-Za-z0-9_+\\-]@",
];

/** The same expression with ASCII's digits and letters in the place of `\d`, `\w`, `\D` and `\W`. */
export function ecmaPattern(given: string): string {
  const [start, same] = zodEmail;
  const pattern = given.startsWith(start) ? same + given.slice(start.length) : given;
  let result = '';
  let isInClass = false;
  for (let index = 0; index < pattern.length; index++) {
    const sign = pattern[index] ?? '';
    if (sign !== '\\') {
      if (sign === '[') isInClass = true;
      else if (sign === ']') isInClass = false;
      result += sign;
      continue;
    }
    const escaped = pattern[++index] ?? '';
    const members = classes[escaped.toLowerCase()];
    const isNegated = escaped !== escaped.toLowerCase();
    if (members === undefined) result += `\\${escaped}`;
    else if (isNegated) result += `[^${members}]`;
    else result += isInClass ? members : `[${members}]`;
  }
  return result;
}

/** Formats that the engine can hold an answer to; to JSON Schema, any other is a note for people. */
const formats = new Set([
  'date-time',
  'time',
  'date',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uuid',
]);

/** A schema with all its patterns like that, and without formats that the engine knows not. */
export function forEngine(schema: unknown): unknown {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(forEngine);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name, value]) => name !== 'format' || typeof value !== 'string' || formats.has(value))
      .map(([name, value]) => {
        if (name === 'pattern' && typeof value === 'string') return [name, ecmaPattern(value)];
        if (name === 'enum' || name === 'const' || name === 'default') return [name, value];
        if (name === 'patternProperties' && typeof value === 'object' && value !== null) {
          const entries = Object.entries(value as Record<string, unknown>);
          return [name, Object.fromEntries(entries.map(([key, one]) => [ecmaPattern(key), forEngine(one)]))];
        }
        return [name, forEngine(value)];
      }),
  );
}
