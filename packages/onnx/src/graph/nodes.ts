/** Small readers and makers of nodes. */
import type { OnnxNode } from '../model.ts';

/** The integer attribute, or the default where it is absent. */
export function intAttribute(node: OnnxNode, name: string, absent: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? Number(attribute.value) : absent;
}

/** The list-of-integers attribute, if there. */
export function intsAttribute(node: OnnxNode, name: string): number[] | undefined {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'ints' ? attribute.value.map(Number) : undefined;
}

/** A node of the standard domain with one output, after which it is named. */
export function makeNode(
  opType: string,
  inputs: string[],
  output: string,
  attributes: Record<string, number> = {},
): OnnxNode {
  return {
    name: output,
    opType,
    domain: '',
    inputs,
    outputs: [output],
    attributes: new Map(
      Object.entries(attributes).map(([name, value]) => [name, { type: 'int', value: BigInt(value) }]),
    ),
  };
}
