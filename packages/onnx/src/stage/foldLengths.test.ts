import { expect, it } from 'vitest';
import type { OnnxGraph } from '../model.ts';
import { foldLengths } from './foldLengths.ts';
import { countNodes, parse, stagesOf } from './testing/builtStages.ts';
import { randomPlainStyle } from './testing/subjects.ts';

it('leaves of shape arithmetic only what the mask is made of', async () => {
  const stage = (await stagesOf(randomPlainStyle)).at(-1);
  if (!stage) throw new Error('a stage expected');
  const { graph } = await parse(stage.graph, stage);
  const computed = ({ nodes, initializers }: OnnxGraph): number =>
    nodes.filter(({ opType, inputs }) => opType === 'Reshape' && !initializers.has(inputs[1] ?? '')).length;
  expect(computed(graph)).toBe(4 * 4);
  const { length } = graph.nodes;
  const outputs = graph.outputs.map(({ name }) => name);
  foldLengths(graph);
  expect(computed(graph)).toBe(0);
  // The lengths of the step and of all tokens.
  expect(countNodes(graph.nodes, 'Shape')).toBeLessThanOrEqual(3);
  expect(graph.nodes.length).toBeLessThan(length - 4 * 20);
  expect(graph.outputs.map(({ name }) => name)).toEqual(outputs);
});
