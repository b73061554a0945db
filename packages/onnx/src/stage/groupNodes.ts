/** What groups of slots compute in a stage's graph, the `If` that skips a group, and how what they made comes together. */
import { makeNode } from '../graph/nodes.ts';
import type { OnnxAttribute, OnnxNode, OnnxValue } from '../model.ts';
import { elementBits } from '../protobuf/elementType.ts';
import { heads, orderInput, type BatchGroup } from './batchGroups.ts';

export interface GroupNodes {
  nodes: OnnxNode[];
  /** All that is read elsewhere, by name. */
  leaving: Map<string, Omit<OnnxValue, 'name'>>;
}

/**
 * Joins what slots have into one value, by a node that is added where there are several.
 * @returns the value's name: `name`, or that of the only part
 */
export function joinParts(nodes: OnnxNode[], parts: string[], name: string, axis: number): string {
  const [only, ...more] = parts;
  if (only !== undefined && more.length === 0) return only;
  nodes.push(makeNode('Concat', parts, name, { axis }));
  return name;
}

/**
 * Puts what groups made of a value in the order of the run's rows.
 * @param parts of each group [1, attended rows, …]
 */
export function inRunOrder(value: string, parts: string[], result: string): OnnxNode[] {
  const together = `${value}/together`;
  return [
    makeNode('Concat', parts, together, { axis: 1 }),
    makeNode('Gather', [together, orderInput], result, { axis: 1 }),
  ];
}

/** Makes the outputs with new rows. @param nameOf where a group has a cache's: [1, heads, new rows, size] */
export function giveNewRows(
  groups: readonly BatchGroup[],
  nameOf: (group: BatchGroup, cache: number) => string | undefined,
): OnnxNode[] {
  return groups.flatMap((group) =>
    group.newRows.map(({ name, caches }) => {
      const parts = caches.map((cache) => nameOf(group, cache) ?? '');
      return makeNode('Concat', parts, name, { axis: heads });
    }),
  );
}

/** The group's nodes behind an `If`, which gives no rows where none of its slots has a member. */
export function ifActive({ nodes, leaving }: GroupNodes, active: string): OnnxNode {
  const inside = (name: string): string => (leaving.has(name) ? `${name}/inside` : name);
  const computed = nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(inside),
    outputs: node.outputs.map(inside),
  }));
  const none = [...leaving].map(([name, { type, dims }]): OnnxNode => {
    const empty = dims.map((length) => (typeof length === 'number' ? length : 0));
    const elements = empty.reduce((product, length) => product * length, 1);
    const bytes = new Uint8Array((elements * elementBits(type)) / 8);
    const value = { name: '', type, dims: empty, data: { kind: 'inline', bytes } } as const;
    return {
      ...makeNode('Constant', [], `${name}/none`),
      attributes: new Map([['value', { type: 'tensor', value }]]),
    };
  });
  const branch = (name: string, ending: string, computing: OnnxNode[]): OnnxAttribute => ({
    type: 'graph',
    value: {
      name,
      nodes: computing,
      inputs: [],
      outputs: [...leaving].map(([value, shape]) => ({ ...shape, name: `${value}${ending}` })),
      values: [],
      initializers: new Map(),
    },
  });
  return {
    ...makeNode('If', [active], [...leaving.keys()].join(' ')),
    outputs: [...leaving.keys()],
    attributes: new Map([
      ['then_branch', branch('active', '/inside', computed)],
      ['else_branch', branch('idle', '/none', none)],
    ]),
  };
}
