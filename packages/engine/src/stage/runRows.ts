/** The rows of a run that members share: what they are fed, and what comes out for each. */
import type { StageDescription, StageInput, StageTensor } from '@potluck/protocol';
import type { Tensor } from 'onnxruntime-common';
import { BadStepError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { resolveDims } from '../tensor/dimensions.ts';
import { stageElementType } from '../tensor/elements.ts';
import { makeTensor } from '../tensor/makeTensor.ts';
import type { RunRows } from './batchLayout.ts';
import { cutRows, boundaryTensors, logitsOfRows } from './stepOutputs.ts';
import type { MemberOutputs, RunMember } from './stageSession.ts';
import { integers } from './stepInputs.ts';

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

/** What comes out of a run for each member. */
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
    const own = boundary.map((tensor) => cutRows(tensor, firstRow, length));
    return {
      ...(boundaryOut.length > 0 ? { boundary: own } : {}),
      ...(member.logitRows > 0 && logits ? { logits: ownLogits(member.logitRows, logits) } : {}),
    };
  });
}
