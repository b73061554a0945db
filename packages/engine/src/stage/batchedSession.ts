/** A stage whose sessions share runs: one graph for any company (`batchSteps` and `batchPlain` of @potluck/onnx). */
import type { BatchedStage, BatchGroup, BatchSlot } from '@potluck/onnx';
import type { StageCache, StageDescription } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { cacheLayout } from '../cache/cacheLayout.ts';
import { RowsTensor } from '../cache/rowsTensor.ts';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { tensorBytes } from '../tensor/elements.ts';
import { int64Tensor, makeTensor } from '../tensor/makeTensor.ts';
import { layOutBatch, type MemberRows } from './batchLayout.ts';
import { compute, whatRuns } from './compute.ts';
import { memberOutputs, rowFeeds } from './runRows.ts';
import type { RunMember, StageSession } from './stageSession.ts';
import { integers } from './stepInputs.ts';
import { output } from './stepOutputs.ts';

/** What a batched session runs on. */
export interface BatchedSessionParts {
  ort: OrtModule;
  description: StageDescription;
  stage: BatchedStage;
  session: InferenceSession;
}

/** @param granularity rows of a run are a multiple of it (`layOutBatch`) */
export function batchedSession(
  { ort, description, stage, session }: BatchedSessionParts,
  granularity: number,
): Pick<StageSession, 'run'> {
  const slots = stage.groups.flatMap((group) => group.slots);
  const slotFeeds = slotFeeder(ort, description);
  const idle = new IdleFeeds(ort, description.caches, slotFeeds);
  // GroupQueryAttention has angles for dummy rows behind the context's end.
  const mostTotal = slots.some(({ lengths }) => lengths) ? Infinity : description.contextLength;
  return {
    run: async (members) => {
      const layout = layOutBatch(
        members.map(({ request, logitRows }) => ({ ...request, logitRows })),
        granularity,
        mostTotal,
      );
      const groups = activeGroups(stage.groups, members.length);
      const feeds = rowFeeds(ort, description, members, layout);
      // Idle slots stand behind the members: what they attend to changes no place.
      feeds[stage.order] = int64Tensor(ort, layout.order);
      if (stage.logitRows !== undefined) feeds[stage.logitRows] = int64Tensor(ort, layout.logitRows);
      for (const [index, group] of stage.groups.entries()) {
        if (group.active === undefined) continue;
        feeds[group.active] = new ort.Tensor('bool', Uint8Array.of(index < groups.length ? 1 : 0), []);
      }
      for (const [index, slot] of slots.entries()) {
        const member = members[index];
        const rows = layout.members[index];
        if (member && rows) Object.assign(feeds, memberFeeds(slotFeeds, slot, member, rows));
        else Object.assign(feeds, idle.feeds(slot));
      }
      const wanted = [
        ...description.boundaryOut.map(({ name }) => name),
        ...(description.logits && layout.logitRows.length > 0 ? [description.logits.name] : []),
        ...groups.flatMap((group) => group.newRows.map(({ name }) => name)),
      ];
      const outputs = await compute(whatRuns(members), () => session.run(feeds, wanted));
      commitRows(outputs, groups, members);
      return memberOutputs(outputs, description, members, layout);
    },
  };
}

/** As few groups as hold the members. */
function activeGroups(groups: readonly BatchGroup[], members: number): readonly BatchGroup[] {
  const last = groups.findIndex((_, index) => slotCount(groups.slice(0, index + 1)) >= members);
  return groups.slice(0, last + 1);
}

function slotCount(groups: readonly BatchGroup[]): number {
  return groups.reduce((sum, { slots }) => sum + slots.length, 0);
}

function memberFeeds(
  slotFeeds: SlotFeeds,
  slot: BatchSlot,
  { tensors, request }: RunMember,
  { attendedRows, total }: MemberRows,
): Record<string, Tensor> {
  const { position, length } = request;
  return {
    ...slotFeeds(slot, attendedRows, total, position, position + length),
    ...Object.fromEntries(slot.pasts.map((past, index) => [past, rowsTensor(tensors[index]).past()])),
  };
}

/** What a slot is fed besides its caches. */
type SlotFeeds = (
  slot: BatchSlot,
  rows: readonly number[],
  total: number,
  from: number,
  to: number,
) => Record<string, Tensor>;

function slotFeeder(ort: OrtModule, { inputs, contextLength }: StageDescription): SlotFeeds {
  const int32 = (value: number): Tensor => new ort.Tensor('int32', Int32Array.of(value), [1]);
  const mask = inputs.find(({ role }) => role === 'attention-mask');
  const ones = mask && integers(mask, contextLength, () => 1);
  return (slot, rows, total, from, to) => ({
    [slot.rows]: int64Tensor(ort, rows),
    ...(slot.lengths && { [slot.lengths.lastPlace]: int32(total - 1), [slot.lengths.total]: int32(total) }),
    ...(slot.mask !== undefined &&
      mask &&
      ones && { [slot.mask]: new ort.Tensor(mask.type, ones.subarray(0, total), [1, total]) }),
    [slot.from]: int64Tensor(ort, [from]),
    [slot.to]: int64Tensor(ort, [to]),
  });
}

/** What slots are fed that no member has; made once. */
class IdleFeeds {
  readonly #slotFeeds: SlotFeeds;
  readonly #pasts: Tensor[];
  readonly #made = new Map<BatchSlot, Record<string, Tensor>>();

  constructor(ort: OrtModule, caches: readonly StageCache[], slotFeeds: SlotFeeds) {
    this.#slotFeeds = slotFeeds;
    this.#pasts = caches.map((cache) => {
      const layout = cacheLayout(cache);
      return makeTensor(ort, layout.type, new Uint8Array(0), layout.dims(0));
    });
  }

  feeds(slot: BatchSlot): Record<string, Tensor> {
    let feeds = this.#made.get(slot);
    if (!feeds) {
      feeds = this.#slotFeeds(slot, [0], 1, 0, 0);
      for (const [index, past] of slot.pasts.entries()) feeds[past] = this.#pasts[index] as Tensor;
      this.#made.set(slot, feeds);
    }
    return feeds;
  }
}

/** @throws ComputeError for a cache that is kept in another way */
function rowsTensor(tensor: RunMember['tensors'][number] | undefined): RowsTensor {
  if (!(tensor instanceof RowsTensor))
    throw new ComputeError('A cache of a batched stage is not kept as rows');
  return tensor;
}

/** Writes each member's new rows into its caches. */
function commitRows(
  outputs: Readonly<Record<string, Tensor>>,
  groups: readonly BatchGroup[],
  members: readonly RunMember[],
): void {
  let before = 0;
  for (const { slots, newRows } of groups) {
    const own = members.slice(before, before + slots.length);
    before += slots.length;
    const stride = own.reduce((sum, { request }) => sum + request.length, 0);
    for (const { name, caches: indices } of newRows) {
      const bytes = tensorBytes(output(outputs, name));
      const cacheBytes = bytes.byteLength / indices.length;
      for (const [place, index] of indices.entries()) {
        const ofCache = bytes.subarray(place * cacheBytes, (place + 1) * cacheBytes);
        let first = 0;
        for (const { tensors, request } of own) {
          rowsTensor(tensors[index]).add({ bytes: ofCache, stride, first }, request.position, request.length);
          first += request.length;
        }
      }
    }
  }
}
