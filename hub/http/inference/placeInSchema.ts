/** Where in a schema that is what an engine's error is about. */

/** Keywords whose values are no schemas, and hold none. */
const plainKeywords = new Set([
  'enum',
  'const',
  'default',
  'examples',
  'example',
  'required',
  'description',
  'title',
]);
/** Keywords whose values have schemas under names that are no keywords. */
const namedKeywords = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
]);

/**
 * @param message of llguidance
 * @returns the path, such as `properties.a.uniqueItems`; empty for the schema itself
 */
export function placeInSchema(schema: unknown, message: string): (string | number)[] {
  const isMeant = meant(message);
  return (isMeant && find(schema, isMeant, [])) ?? [];
}

type IsMeant = (node: Record<string, unknown>) => string | undefined;

const unimplemented = 'Unimplemented keys: [';

/** As a pattern, this would take time by the square of how often the words come. */
function unimplementedKeys(message: string): string | undefined {
  const end = message.lastIndexOf(']');
  const start = message.lastIndexOf(unimplemented, end - unimplemented.length);
  return end < unimplemented.length || start < 0
    ? undefined
    : message.slice(start + unimplemented.length, end);
}

/** @returns what tells the keyword of a schema that the message is about */
function meant(message: string): IsMeant | undefined {
  const keys = unimplementedKeys(message);
  if (keys !== undefined) {
    const names = [...keys.matchAll(/"([^"]+)"/g)].map(([, name]) => name ?? '');
    return (node) => names.find((name) => Object.hasOwn(node, name));
  }
  const format = /Unknown format: (.*)/.exec(message)?.[1];
  if (format !== undefined) return (node) => (node['format'] === format ? 'format' : undefined);
  const type = /Invalid type: (.*)/.exec(message)?.[1];
  if (type !== undefined) return (node) => ([node['type']].flat().includes(type) ? 'type' : undefined);
  const pointer = /Pointer '(.*)' does not exist/.exec(message)?.[1];
  if (pointer !== undefined) return (node) => (node['$ref'] === `#${pointer}` ? '$ref' : undefined);
  if (/oneOf/.test(message)) return (node) => (Object.hasOwn(node, 'oneOf') ? 'oneOf' : undefined);
  if (/\$ref|resource|URI|reference/i.test(message)) {
    return (node) => (typeof node['$ref'] === 'string' && !node['$ref'].startsWith('#') ? '$ref' : undefined);
  }
  if (/regex|pattern|look-around/i.test(message)) {
    return (node) =>
      typeof node['pattern'] === 'string' && message.includes(node['pattern']) ? 'pattern' : undefined;
  }
  return undefined;
}

function find(
  node: unknown,
  isMeant: IsMeant,
  path: readonly (string | number)[],
): (string | number)[] | undefined {
  if (typeof node !== 'object' || node === null) return undefined;
  if (Array.isArray(node)) {
    for (const [index, one] of node.entries()) {
      const found = find(one, isMeant, [...path, index]);
      if (found) return found;
    }
    return undefined;
  }
  const record = node as Record<string, unknown>;
  const keyword = isMeant(record);
  if (keyword !== undefined) return [...path, keyword];
  for (const [name, value] of Object.entries(record)) {
    if (plainKeywords.has(name)) continue;
    const found = namedKeywords.has(name)
      ? findNamed(value, isMeant, [...path, name])
      : find(value, isMeant, [...path, name]);
    if (found) return found;
  }
  return undefined;
}

function findNamed(
  named: unknown,
  isMeant: IsMeant,
  path: readonly (string | number)[],
): (string | number)[] | undefined {
  if (typeof named !== 'object' || named === null) return undefined;
  for (const [name, schema] of Object.entries(named)) {
    const found = find(schema, isMeant, [...path, name]);
    if (found) return found;
  }
  return undefined;
}
