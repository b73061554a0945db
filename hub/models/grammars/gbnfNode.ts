/** What a rule of GBNF says. */
export type GbnfNode =
  | { type: 'text'; text: string }
  | { type: 'class'; pattern: string }
  | { type: 'rule'; name: string }
  | { type: 'repeat'; node: GbnfNode; least: number; most: number | undefined }
  | { type: 'sequence' | 'choice'; nodes: GbnfNode[] };

/** The rules that it names. */
export function namesIn(node: GbnfNode): string[] {
  switch (node.type) {
    case 'rule':
      return [node.name];
    case 'repeat':
      return namesIn(node.node);
    case 'sequence':
    case 'choice':
      return node.nodes.flatMap(namesIn);
    default:
      return [];
  }
}
