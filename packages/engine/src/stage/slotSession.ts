/** A stage on a GPU whose sessions share runs: one graph for prompts and any company (`slotSteps` of @potluck/onnx). */
import type { SlottedStage } from '@potluck/onnx';
import type { StageDescription } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { SlotArena, SlotMember } from '../cache/slotArena.ts';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { int64Tensor } from '../tensor/makeTensor.ts';
import { compute, whatRuns } from './compute.ts';
import { memberOutputs, rowFeeds } from './runRows.ts';
import { layOutAlone, layOutSlots, type SlotLayout } from './slotLayout.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';

/** What a session with slots runs on. */
export interface SlotSessionParts {
  ort: OrtModule;
  description: StageDescription;
  stage: SlottedStage;
  session: InferenceSession;
  arena: SlotArena;
}

/** @param granularity rows of a run are a multiple of it */
export function slotSession(parts: SlotSessionParts, granularity: number): Pick<StageSession, 'run'> {
  const { arena } = parts;

  async function runAlone(member: RunMember): Promise<MemberOutputs> {
    const { request, logitRows, tensors } = member;
    const layout = layOutAlone({ ...request, logitRows }, granularity);
    const caches = tensors.map(({ present }) => {
      if (!present) throw new ComputeError('A cache of a stage with slots is not kept in place');
      return present;
    });
    const [outputs] = await runLayout(parts, [member], layout, caches);
    return outputs ?? {};
  }

  async function runTogether(
    members: readonly { slot: number; member: RunMember }[],
  ): Promise<MemberOutputs[]> {
    const layout = layOutSlots(
      members.map(({ slot, member: { logitRows } }) => ({ slot, logitRows })),
      arena.rows,
      granularity,
    );
    const own = members.map(({ member }) => member);
    const outputs = await runLayout(parts, own, layout, arena.tensors);
    arena.stepped(own.map(asSlotMember));
    return outputs;
  }

  return {
    run: async (members) => {
      for (const { tensors, request } of members)
        if (!isDecodeStep(request)) arena.leave(tensors, request.position);
      const steps = members.filter(({ request }) => isDecodeStep(request));
      if (steps.length > 0) arena.gather(steps.map(asSlotMember));
      return arena.whileRunning(async () => {
        const together = members.flatMap((member) => {
          const slot = arena.slotOf(member.tensors);
          return slot === undefined ? [] : [{ slot, member }];
        });
        const outputs = new Map<RunMember, MemberOutputs>();
        if (together.length > 0) {
          const given = await runTogether(together);
          for (const [index, { member }] of together.entries()) outputs.set(member, given[index] ?? {});
        }
        for (const member of members) if (!outputs.has(member)) outputs.set(member, await runAlone(member));
        return members.map((member) => outputs.get(member) ?? {});
      });
    },
  };
}

/** A first token is a prompt: kernels may take it in another way. */
function isDecodeStep({ position, length }: RunMember['request']): boolean {
  return length === 1 && position > 0;
}

function asSlotMember({ tensors, request }: RunMember): SlotMember {
  return { tensors, rows: request.position };
}

/** @param caches in the order of the description, as past and as present */
async function runLayout(
  { ort, description, stage, session }: SlotSessionParts,
  members: readonly RunMember[],
  layout: SlotLayout,
  caches: readonly Tensor[],
): Promise<MemberOutputs[]> {
  const feeds = rowFeeds(ort, description, members, layout);
  const int32 = (name: string, values: readonly number[]): void => {
    feeds[name] = new ort.Tensor('int32', Int32Array.from(values), [values.length]);
  };
  int32(stage.attended, layout.attended);
  feeds[stage.shape] = int64Tensor(ort, [layout.slots, layout.length, -1]);
  int32(stage.order, layout.order);
  int32(stage.lastPlaces, layout.lastPlaces);
  int32(stage.total, [layout.total]);
  // Where nobody wants logits, they are not fetched; some row is named all the same.
  if (stage.logitRows !== undefined)
    feeds[stage.logitRows] = int64Tensor(
      ort,
      layout.logitRows.length > 0 ? layout.logitRows : [layout.rows - 1],
    );
  const fetches: Record<string, Tensor | null> = {};
  for (const { name } of description.boundaryOut) fetches[name] = null;
  if (description.logits && layout.logitRows.length > 0) fetches[description.logits.name] = null;
  for (const [index, { input, output }] of description.caches.entries()) {
    const tensor = caches[index];
    if (!tensor) throw new ComputeError(`No cache tensor for "${input}"`);
    feeds[input] = tensor;
    fetches[output] = tensor;
  }
  const outputs = await compute(whatRuns(members), () =>
    session.run(feeds, fetches as InferenceSession.FetchesType),
  );
  return memberOutputs(outputs, description, members, layout);
}
