/** That what comes out is right, bit by bit, is tested where runs are made: packages/engine/src/stage/slots.test.ts. */
import { describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../errors.ts';
import type { OnnxModel } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import { buildStage, type BuiltStage } from './buildStage.ts';
import { slotSteps } from './slotSteps.ts';
import { stageFiles, stageGraphName } from './stageFiles.ts';
import {
  importSubject,
  oldStyle,
  randomStyle,
  sharedSubjects,
  type SubjectSource,
} from './testing/subjects.ts';

/** The first layer, the last one, and all. */
async function stagesOf({ open }: SubjectSource): Promise<BuiltStage[]> {
  const { decoder, imported } = await importSubject(await open());
  const last = imported.layers.length - 1;
  return [
    [0, 0],
    [last, last],
    [0, last],
  ].map(([firstLayer = 0, lastLayer = 0]) => buildStage(decoder, { firstLayer, lastLayer }));
}

const parse = (graph: Uint8Array, { description }: BuiltStage): Promise<OnnxModel> =>
  readModel(stageFiles(graph, description), stageGraphName);

const withSharedRuns = [
  randomStyle,
  ...sharedSubjects.filter(({ name }) => !name.startsWith('lfm2') && !name.startsWith('minimind')),
];

describe.each(withSharedRuns)('stages of $name', (subject) => {
  it('have one attention for all members, and one tensor for the caches of all', async () => {
    for (const stage of await stagesOf(subject)) {
      const { description } = stage;
      const slotted = await slotSteps(stage.graph, description);
      const before = (await parse(stage.graph, stage)).graph.nodes;
      const { graph } = await parse(slotted.graph, stage);
      for (const opType of ['GroupQueryAttention', 'MatMulNBits', 'MatMul']) {
        const [given, expected] = [graph.nodes, before].map(
          (nodes) => nodes.filter((node) => node.opType === opType).length,
        );
        expect(given, opType).toBe(expected);
      }
      const given = new Map([...graph.inputs, ...graph.outputs].map(({ name, dims }) => [name, dims]));
      for (const { input, output } of description.caches) {
        expect(given.get(input)?.[0]).toBe('members');
        expect(given.get(output)?.[0]).toBe('members');
      }
      for (const { name, role } of description.inputs)
        expect(given.has(name)).toBe(role !== 'attention-mask');
      expect(slotted.logitRows === undefined).toBe(description.logits === undefined);
    }
  });
});

it.each([oldStyle, ...sharedSubjects.filter(({ name }) => name.startsWith('lfm2'))])(
  '$name is refused: its sessions have more than attention of their own',
  async (subject) => {
    for (const { graph, description } of await stagesOf(subject)) {
      if (description.caches.every(({ capacityPadded }) => capacityPadded)) continue;
      await expect(slotSteps(graph, description)).rejects.toThrow(UnsupportedModelError);
    }
    expect.hasAssertions();
  },
);
