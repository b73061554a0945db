/** That what comes out is right, bit by bit, is tested where runs are made: packages/engine/src/stage/slots.test.ts. */
import { describe, expect, it } from 'vitest';
import { UnsupportedModelError } from '../errors.ts';
import { slotSteps } from './slotSteps.ts';
import { countNodes, parse, stagesOf } from './testing/builtStages.ts';
import { oldStyle, randomStyle, sharedSubjects } from './testing/subjects.ts';

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
        const [given, expected] = [graph.nodes, before].map((nodes) => countNodes(nodes, opType));
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
