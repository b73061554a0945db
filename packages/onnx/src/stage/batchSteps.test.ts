/** That what comes out is right, bit by bit, is tested where runs are made: packages/engine/src/stage/batching.test.ts. */
import { describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxNode } from '../model.ts';
import { batchSteps, mostDummyRows } from './batchSteps.ts';
import type { BuiltStage } from './buildStage.ts';
import { checkStageGraph } from './checkStageGraph.ts';
import { allNodes, changed, countNodes, parse, stagesOf, weightSizes } from './testing/builtStages.ts';
import { oldStyle, randomStyle, sharedSubjects } from './testing/subjects.ts';

const groupSizes = [1, 3];
const slotCount = 4;

const withSharedRuns = [randomStyle, ...sharedSubjects.filter(({ name }) => !name.startsWith('lfm2'))];

describe.each(withSharedRuns)('stages of $name', (subject) => {
  it('have attention for every slot, over its own cache, and everything else once', async () => {
    for (const stage of await stagesOf(subject)) {
      const { description } = stage;
      const batched = await batchSteps(stage.graph, description, groupSizes);
      const before = allNodes((await parse(stage.graph, stage)).graph.nodes);
      const { graph } = await parse(batched.graph, stage);
      const after = allNodes(graph.nodes);
      expect(countNodes(after, 'GroupQueryAttention')).toBe(
        slotCount * countNodes(before, 'GroupQueryAttention'),
      );
      for (const opType of ['MatMulNBits', 'MatMul', 'SkipSimplifiedLayerNormalization'])
        expect(countNodes(after, opType)).toBe(countNodes(before, opType));
      const slots = batched.groups.flatMap((group) => group.slots);
      const given = new Set(graph.inputs.map(({ name }) => name));
      expect(given.size).toBe(graph.inputs.length);
      const pasts = slots.flatMap((slot) => slot.pasts);
      expect(pasts.filter((past) => given.has(past))).toHaveLength(slotCount * description.caches.length);
      // ONNX Runtime takes values with one symbol for values of one shape.
      const symbols = pasts.map((past) => graph.inputs.find(({ name }) => name === past)?.dims[2]);
      expect(new Set(symbols).size).toBe(slotCount);
      expect(graph.outputs.map(({ name }) => name)).toEqual([
        ...description.boundaryOut.map(({ name }) => name),
        ...(description.logits ? [description.logits.name] : []),
        ...batched.groups.flatMap(({ newRows }) => newRows.map(({ name }) => name)),
      ]);
    }
  });
});

describe('a random decoder', () => {
  const whole = async (): Promise<BuiltStage> => (await stagesOf(randomStyle)).at(-1) as BuiltStage;

  it('names no files but those that it named', async () => {
    const stage = await whole();
    const batched = await batchSteps(stage.graph, stage.description, groupSizes);
    await expect(checkStageGraph(batched.graph, weightSizes(stage))).resolves.toBeUndefined();
  });

  it('has angles for dummy rows behind the end of its context', async () => {
    const stage = await whole();
    const { contextLength } = stage.description;
    const { graph } = await parse(
      (await batchSteps(stage.graph, stage.description, groupSizes)).graph,
      stage,
    );
    const added = [...graph.initializers.values()].filter(({ name }) => name.endsWith('/of-dummies'));
    expect(added.map(({ dims }) => dims[0])).toEqual([mostDummyRows, mostDummyRows]);
    const short = { ...stage.description, contextLength: contextLength - mostDummyRows };
    const longEnough = await parse((await batchSteps(stage.graph, short, groupSizes)).graph, stage);
    expect([...longEnough.graph.initializers.keys()].some((name) => name.endsWith('/of-dummies'))).toBe(
      false,
    );
  });

  it.each([
    ['experts', 'QMoE'],
    ['an operator that nobody knows', 'Softsign'],
  ])('with %s is refused', async (_, opType) => {
    const stage = await whole();
    const graph = await changed(stage, (model) => {
      const node = model.graph.nodes.find((candidate) => candidate.opType === 'Sigmoid') as OnnxNode;
      node.opType = opType;
    });
    const refused = batchSteps(graph, stage.description, groupSizes);
    await expect(refused).rejects.toThrow(UnsupportedModelError);
    await expect(refused).rejects.toThrow(`an operator that may mix rows (${opType}`);
  });

  it('that reads the mask for more than attention is refused', async () => {
    const stage = await whole();
    const mask = stage.description.inputs.find(({ role }) => role === 'attention-mask')?.name ?? '';
    const graph = await changed(stage, (model) => {
      const node = model.graph.nodes.find((candidate) => candidate.opType === 'Sigmoid') as OnnxNode;
      node.inputs = [mask];
    });
    await expect(batchSteps(graph, stage.description, groupSizes)).rejects.toThrow(mask);
  });
});

it.each([oldStyle, ...sharedSubjects.filter(({ name }) => name.startsWith('lfm2'))])(
  '$name is refused: its sessions have more than attention of their own',
  async (subject) => {
    for (const { graph, description } of await stagesOf(subject)) {
      if (description.caches.every(({ capacityPadded }) => capacityPadded)) continue;
      await expect(batchSteps(graph, description, groupSizes)).rejects.toThrow(UnsupportedModelError);
    }
    expect.hasAssertions();
  },
);
