/** A stage whose sessions share runs: one graph for any company (`batchSteps` and `batchPlain` of @potluck/onnx). */
import type { BatchedStage, BatchGroup, BatchSlot } from '@potluck/onnx';
import type { FrameTensor, StageCache, StageDescription, StageInput, StageTensor } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { cacheLayout } from '../cache/cacheLayout.ts';
import { RowsTensor } from '../cache/rowsTensor.ts';
import { BadStepError, ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { resolveDims } from '../tensor/dimensions.ts';
import { stageElementType, tensorBytes } from '../tensor/elements.ts';
import { makeTensor } from '../tensor/makeTensor.ts';
import { layOutBatch, type MemberRows, type RunRows } from './batchLayout.ts';
import { compute } from './compute.ts';
import type { MemberOutputs, RunMember, StageSession } from './stageSession.ts';
import { integers } from './stepInputs.ts';
import { boundaryTensors, logitsOfRows, output } from './stepOutputs.ts';

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
      const int64 = (name: string, values: readonly number[]): void => {
        feeds[name] = new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);
      };
      // Idle slots stand behind the members: what they attend to changes no place.
      int64(stage.order, layout.order);
      if (stage.logitRows !== undefined) int64(stage.logitRows, layout.logitRows);
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

export function whatRuns(members: readonly RunMember[]): string {
  const steps = members.map(({ request: { position, length } }) => `${length} tokens at ${position}`);
  return `ONNX Runtime failed in ${steps.join(', ')}`;
}

/** As few groups as hold the members. */
function activeGroups(groups: readonly BatchGroup[], members: number): readonly BatchGroup[] {
  const last = groups.findIndex((_, index) => slotCount(groups.slice(0, index + 1)) >= members);
  return groups.slice(0, last + 1);
}

function slotCount(groups: readonly BatchGroup[]): number {
  return groups.reduce((sum, { slots }) => sum + slots.length, 0);
}

/** Token ids, positions and boundary tensors of all rows. */
export function rowFeeds(
  ort: OrtModule,
  description: StageDescription,
  members: readonly RunMember[],
  { rows }: Pick<RunRows, 'rows'>,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const input of description.inputs) {
    if (input.role === 'attention-mask') continue;
    const values = members.flatMap(({ request }) => valuesOf(input, request));
    const last = values.at(-1) ?? 0;
    feeds[input.name] = new ort.Tensor(
      input.type,
      integers(input, rows, (row) => values[row] ?? last),
      [1, rows],
    );
  }
  for (const [index, expected] of description.boundaryIn.entries()) {
    const parts = members.map(({ request }) => request.boundary?.[index]?.bytes ?? new Uint8Array(0));
    const dims = resolveDims(expected.dims, 0, rows);
    feeds[expected.name] = makeTensor(
      ort,
      stageElementType(expected.type),
      joinRows(parts, members, rows),
      dims,
    );
  }
  return feeds;
}

function valuesOf(
  { role }: StageInput,
  { position, length, tokenIds = [] }: RunMember['request'],
): readonly number[] {
  return role === 'token-ids' ? tokenIds : Array.from({ length }, (_, index) => position + index);
}

/** The members' rows one after the other, and the last row again until there are `rows`. */
function joinRows(parts: readonly Uint8Array[], members: readonly RunMember[], rows: number): Uint8Array {
  const [only] = parts;
  const [first] = members;
  if (!only || !first) throw new BadStepError('A run without members');
  const rowBytes = only.byteLength / first.request.length;
  const joined = new Uint8Array(rows * rowBytes);
  let end = 0;
  for (const part of parts) {
    joined.set(part, end);
    end += part.byteLength;
  }
  for (; end < joined.byteLength; end += rowBytes) joined.copyWithin(end, end - rowBytes, end);
  return joined;
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
  const int64 = (values: readonly number[]): Tensor =>
    new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [values.length]);
  const mask = inputs.find(({ role }) => role === 'attention-mask');
  const ones = mask && integers(mask, contextLength, () => 1);
  return (slot, rows, total, from, to) => ({
    [slot.rows]: int64(rows),
    ...(slot.lengths && { [slot.lengths.lastPlace]: int32(total - 1), [slot.lengths.total]: int32(total) }),
    ...(slot.mask !== undefined &&
      mask &&
      ones && { [slot.mask]: new ort.Tensor(mask.type, ones.subarray(0, total), [1, total]) }),
    [slot.from]: int64([from]),
    [slot.to]: int64([to]),
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

export function memberOutputs(
  outputs: Readonly<Record<string, Tensor>>,
  { boundaryOut, logits }: StageDescription,
  members: readonly RunMember[],
  layout: RunRows,
): MemberOutputs[] {
  const boundary = boundaryTensors(outputs, boundaryOut);
  let before = 0;
  const ownLogits = (count: number, logits: StageTensor): Float32Array[] => {
    const first = before;
    before += count;
    return logitsOfRows(outputs, logits, { first, count });
  };
  return members.map((member, index): MemberOutputs => {
    const { firstRow } = layout.members[index] as RunRows['members'][number];
    const { length } = member.request;
    const own = boundary.map((tensor) => cutRows(tensor, layout.rows, firstRow, length));
    return {
      ...(boundaryOut.length > 0 ? { boundary: own } : {}),
      ...(member.logitRows > 0 && logits ? { logits: ownLogits(member.logitRows, logits) } : {}),
    };
  });
}

/** A member's rows as bytes of their own: whoever gets them may take their buffer away. */
function cutRows(
  { type, dims, bytes }: FrameTensor,
  rows: number,
  first: number,
  length: number,
): FrameTensor {
  const rowBytes = bytes.byteLength / rows;
  return {
    type,
    dims: [1, length, ...dims.slice(2)],
    bytes: length === rows ? bytes : bytes.slice(first * rowBytes, (first + length) * rowBytes),
  };
}
