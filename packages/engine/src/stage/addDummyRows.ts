/** A step with copies of its last row behind it. Pure. */
import type { FrameTensor } from '@potluck/protocol';
import type { StepRequest } from '../contract/stage.ts';

/**
 * @param granularity rows of a run are a multiple of it
 * @returns how many dummy rows stand behind the step's; none where the context ends before them: no token comes after these, so
 *   that nothing is ever made of their cache
 */
export function dummyRowsOf(
  { position, length }: Pick<StepRequest, 'position' | 'length'>,
  granularity: number,
  contextLength: number,
): number {
  const rows = Math.ceil(length / granularity) * granularity;
  return position + rows <= contextLength ? rows - length : 0;
}

/** @returns the step with copies of its last row; boundary tensors are [1, rows, …] */
export function addDummyRows(request: StepRequest, dummies: number): StepRequest {
  if (dummies === 0) return request;
  const { length, tokenIds, boundary } = request;
  const last = tokenIds?.at(-1) ?? 0;
  return {
    ...request,
    length: length + dummies,
    ...(tokenIds && { tokenIds: [...tokenIds, ...new Array<number>(dummies).fill(last)] }),
    ...(boundary && { boundary: boundary.map((tensor) => repeatLastRow(tensor, dummies)) }),
  };
}

function repeatLastRow({ type, dims, bytes }: FrameTensor, times: number): FrameTensor {
  const [batch = 1, rows = 1, ...row] = dims;
  const rowBytes = bytes.byteLength / rows;
  const repeated = new Uint8Array(bytes.byteLength + times * rowBytes);
  repeated.set(bytes);
  for (let end = bytes.byteLength; end < repeated.byteLength; end += rowBytes)
    repeated.copyWithin(end, end - rowBytes, end);
  return { type, dims: [batch, rows + times, ...row], bytes: repeated };
}
