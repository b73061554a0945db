/** That what comes out is right, bit by bit, is tested where runs are made: packages/engine/src/stage/batching.test.ts. */
import { describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxNode } from '../model.ts';
import { batchPlain } from './batchPlain.ts';
import type { BuiltStage } from './buildStage.ts';
import { checkStageGraph } from './checkStageGraph.ts';
import { allNodes, changed, countNodes, parse, stagesOf, weightSizes } from './testing/builtStages.ts';
import { oldStyle, randomPlainStyle, randomStyle } from './testing/subjects.ts';

const groupSizes = [1, 3];
const slotCount = 4;

/** Matmuls with weights: between activations, attention has some too. */
const weightMatMuls = (nodes: readonly OnnxNode[], weights: ReadonlySet<string>): number =>
  nodes.filter(({ opType, inputs }) => opType.startsWith('MatMul') && weights.has(inputs[1] ?? '')).length;

describe.each([randomPlainStyle, oldStyle])('stages of $name', (subject) => {
  it('have attention for every slot, over its own cache, and matmuls with weights once', async () => {
    for (const stage of await stagesOf(subject)) {
      const { description } = stage;
      const batched = await batchPlain(stage.graph, description, groupSizes);
      const { graph: original } = await parse(stage.graph, stage);
      const { graph } = await parse(batched.graph, stage);
      const [before, after] = [original, graph].map(({ nodes }) => allNodes(nodes)) as [
        OnnxNode[],
        OnnxNode[],
      ];
      const weights = new Set(original.initializers.keys());
      expect(countNodes(after, 'Softmax')).toBe(slotCount * countNodes(before, 'Softmax'));
      expect(weightMatMuls(before, weights)).toBeGreaterThan(0);
      expect(weightMatMuls(after, weights)).toBe(weightMatMuls(before, weights));
      const pasts = batched.groups.flatMap(({ slots }) => slots.flatMap((slot) => slot.pasts));
      const given = new Set(graph.inputs.map(({ name }) => name));
      expect(given.size).toBe(graph.inputs.length);
      expect(pasts.filter((past) => given.has(past))).toHaveLength(slotCount * description.caches.length);
      expect(graph.outputs.map(({ name }) => name)).toEqual([
        ...description.boundaryOut.map(({ name }) => name),
        ...(description.logits ? [description.logits.name] : []),
        ...batched.groups.flatMap(({ newRows }) => newRows.map(({ name }) => name)),
      ]);
      await expect(checkStageGraph(batched.graph, weightSizes(stage))).resolves.toBeUndefined();
    }
  });
});

describe('a random decoder of plain operators', () => {
  const whole = async (): Promise<BuiltStage> => (await stagesOf(randomPlainStyle)).at(-1) as BuiltStage;

  it('whose attention mixes rows into what the others share is refused', async () => {
    const stage = await whole();
    // The way back from attention, which the mask of one session now reaches by another way.
    const graph = await changed(stage, ({ graph: { nodes } }) => {
      const branch = nodes.find(({ name }) => name.includes('o_proj')) as OnnxNode;
      branch.opType = 'Gemm';
    });
    await expect(batchPlain(graph, stage.description, groupSizes)).rejects.toThrow(
      'weights that rows of several sessions can not share',
    );
  });
});

it('a decoder with GroupQueryAttention is refused', async () => {
  for (const { graph, description } of await stagesOf(randomStyle))
    await expect(batchPlain(graph, description, groupSizes)).rejects.toThrow(UnsupportedModelError);
});
