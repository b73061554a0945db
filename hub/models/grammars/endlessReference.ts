/** Schemas that need themselves: an answer to `{"required": ["next"], "properties": {"next": {"$ref": "#"}}}` never ends. Pure. */

type Path = readonly (string | number)[];
type Node = Record<string, unknown>;

/** Larger schemas are not looked through: the search takes the hub's time. */
const mostNodes = 2000;
const mostPasses = 50;

/** @returns where the first reference is that leads to no end, such as `properties.next.$ref`; undefined where none does */
export function endlessReference(schema: unknown): (string | number)[] | undefined {
  const nodes = new Map<Node, Path>();
  collect(schema, [], nodes);
  if (!isNode(schema) || nodes.size > mostNodes) return undefined;
  const inside = [...nodes.keys()].toReversed();
  const ending = new Set<Node>();
  const ends = (part: unknown): boolean => !isNode(part) || !nodes.has(part) || ending.has(part);
  for (let pass = 0, before = -1; before < ending.size; pass++) {
    if (pass === mostPasses) return undefined;
    before = ending.size;
    for (const node of inside) if (!ending.has(node) && mayEnd(node, schema, ends)) ending.add(node);
  }
  if (ending.has(schema)) return undefined;
  for (const [node, path] of nodes)
    if (typeof node['$ref'] === 'string' && !ends(target(schema, node['$ref']))) return [...path, '$ref'];
  return undefined;
}

/** Whether some value of the schema has an end, as far as that is known of its parts. */
function mayEnd(node: Node, schema: Node, ends: (part: unknown) => boolean): boolean {
  if ('const' in node || 'enum' in node) return true;
  const { $ref, allOf, anyOf, oneOf, properties, required, items, prefixItems, minItems } = node;
  if (typeof $ref === 'string' && !ends(target(schema, $ref))) return false;
  if (Array.isArray(allOf) && !allOf.every(ends)) return false;
  for (const choices of [anyOf, oneOf])
    if (Array.isArray(choices) && choices.length > 0 && !choices.some(ends)) return false;
  // Another type than that of the parts has none of them.
  const takes = (type: string): boolean => [node['type'] ?? type].flat().every((one) => one === type);
  if (takes('object') && 'type' in node && isNode(properties) && Array.isArray(required)) {
    const needed = required.filter((name): name is string => typeof name === 'string');
    if (!needed.every((name) => !Object.hasOwn(properties, name) || ends(properties[name]))) return false;
  }
  if (takes('array') && 'type' in node && typeof minItems === 'number' && minItems > 0) {
    const first = Array.isArray(prefixItems) ? prefixItems.slice(0, minItems) : [];
    return first.every(ends) && (first.length >= minItems || ends(items));
  }
  return true;
}

/** What a reference within the schema names; undefined for others, and for what is not there. */
function target(schema: Node, reference: string): unknown {
  if (!/^#(\/|$)/.test(reference)) return undefined;
  let part: unknown = schema;
  for (const name of reference.slice(1).split('/').slice(1)) {
    const key = decoded(name).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return undefined;
    part = (part as Node)[key];
  }
  return part;
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function collect(part: unknown, path: Path, nodes: Map<Node, Path>): void {
  if (typeof part !== 'object' || part === null || nodes.size > mostNodes) return;
  if (!Array.isArray(part)) nodes.set(part as Node, path);
  for (const [name, value] of Object.entries(part))
    collect(value, [...path, Array.isArray(part) ? Number(name) : name], nodes);
}

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && !Array.isArray(part);
}
