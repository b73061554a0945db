/** Takes every hint out of a model's names: what is found after this is found in the graph. */
import type { OnnxModel, OnnxTensor, OnnxValue } from '../../model.ts';

/**
 * Renames all values, nodes, initializers and dimension symbols, and reorders inputs and outputs, drawing from `random`
 * (numbers in [0, 1)).
 */
export function renameModel(model: OnnxModel, random: () => number): OnnxModel {
  const names = new Map<string, string>([['', '']]);
  const rename = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    const fresh = `${Math.floor(random() * 2 ** 40).toString(36)}_${names.size}`;
    names.set(name, fresh);
    return fresh;
  };
  const value = ({ name, type, dims }: OnnxValue): OnnxValue => ({
    name: rename(name),
    type,
    dims: dims.map((dimension) =>
      typeof dimension === 'string' ? rename(`dimension ${dimension}`) : dimension,
    ),
  });
  const shuffled = <Item>(items: readonly Item[]): Item[] =>
    items
      .map((item) => ({ item, order: random() }))
      .sort((left, right) => left.order - right.order)
      .map(({ item }) => item);
  const { graph } = model;
  return {
    ...model,
    graph: {
      name: rename(graph.name),
      nodes: graph.nodes.map((node) => ({
        ...node,
        name: rename(`node ${node.name}`),
        inputs: node.inputs.map(rename),
        outputs: node.outputs.map(rename),
      })),
      inputs: shuffled(graph.inputs).map(value),
      outputs: shuffled(graph.outputs).map(value),
      values: graph.values.map(value),
      initializers: new Map(
        [...graph.initializers.values()].map((tensor): [string, OnnxTensor] => {
          const name = rename(tensor.name);
          return [name, { ...tensor, name }];
        }),
      ),
    },
  };
}
