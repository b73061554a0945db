/** That steps leave the bits of chunks is tested where runs are made: packages/engine/src/stage/batching.test.ts. */
import { describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxNode } from '../model.ts';
import { checkStageGraph } from './checkStageGraph.ts';
import { dummyRows } from './dummyRows.ts';
import { changed, countNodes, parse, stagesOf, weightSizes } from './testing/builtStages.ts';
import { oldStyle, randomPlainStyle, randomStyle } from './testing/subjects.ts';

describe.each([randomPlainStyle, oldStyle])('stages of $name', (subject) => {
  it('give back of each cache what a step adds, and logits of the rows that are asked for', async () => {
    for (const stage of await stagesOf(subject)) {
      const { caches, logits } = stage.description;
      const rewritten = await dummyRows(stage.graph, stage.description);
      const { graph } = await parse(rewritten.graph, stage);
      const before = (await parse(stage.graph, stage)).graph;
      expect(countNodes(graph.nodes, 'Slice') - countNodes(before.nodes, 'Slice')).toBe(2 * caches.length);
      const given = graph.inputs.map(({ name }) => name);
      const { fromInput, toInput } = rewritten.logitRows ?? {};
      const added = [rewritten.pastInput, rewritten.endInput, ...(logits ? [fromInput, toInput] : [])];
      expect(given).toEqual([...before.inputs.map(({ name }) => name), ...added]);
      expect(graph.outputs.map(({ name }) => name)).toEqual(before.outputs.map(({ name }) => name));
      for (const { output, input } of caches) {
        expect(graph.outputs.find(({ name }) => name === output)?.dims).toContain('added');
        expect(graph.inputs.find(({ name }) => name === input)?.dims).toContain('room');
      }
      await expect(checkStageGraph(rewritten.graph, weightSizes(stage))).resolves.toBeUndefined();
    }
  });
});

it('a decoder whose rows have one scale together is refused', async () => {
  const [stage] = await stagesOf(randomPlainStyle);
  if (!stage) throw new Error('a stage expected');
  const graph = await changed(stage, ({ graph: { nodes } }) => {
    (nodes.find(({ opType }) => opType === 'Sigmoid') as OnnxNode).opType = 'DynamicQuantizeLinear';
  });
  await expect(dummyRows(graph, stage.description)).rejects.toThrow('an operator that mixes rows');
});

it('a decoder with GroupQueryAttention is refused', async () => {
  for (const { graph, description } of await stagesOf(randomStyle))
    await expect(dummyRows(graph, description)).rejects.toThrow(UnsupportedModelError);
});
