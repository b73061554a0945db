import { describe, expect, it } from 'vitest';
import type { StepRequest } from '../contract/stage.ts';
import { addDummyRows, dummyRowsOf } from './addDummyRows.ts';
import { cutRows } from './stepOutputs.ts';

describe('dummyRowsOf', () => {
  it('fills a step up to a multiple of rows', () => {
    const dummies = [1, 2, 3, 4, 5].map((length) => dummyRowsOf({ position: 7, length }, 2, 100));
    expect(dummies).toEqual([1, 0, 1, 0, 1]);
  });

  it('puts nothing behind the end of the context', () => {
    expect(dummyRowsOf({ position: 98, length: 1 }, 2, 100)).toBe(1);
    expect(dummyRowsOf({ position: 99, length: 1 }, 2, 100)).toBe(0);
    expect(dummyRowsOf({ position: 93, length: 7 }, 2, 100)).toBe(0);
  });
});

it('dummy rows are copies of the last one, and are cut off again', () => {
  const rows = {
    type: 'float32',
    dims: [1, 2, 3],
    bytes: Uint8Array.from({ length: 24 }, (_, place) => place),
  } as const;
  const step: StepRequest = {
    ...{ cacheId: 'a', epoch: 0, position: 5, length: 2, sample: false },
    tokenIds: [4, 9],
    boundary: [{ ...rows, dims: [...rows.dims] }],
  };
  expect(addDummyRows(step, 0)).toEqual(step);
  const filled = addDummyRows(step, 2);
  expect(filled).toMatchObject({ position: 5, length: 4, tokenIds: [4, 9, 9, 9] });
  const [boundary] = filled.boundary ?? [];
  if (!boundary) throw new Error('a boundary tensor expected');
  expect(boundary.dims).toEqual([1, 4, 3]);
  const [last] = [rows.bytes.subarray(12)];
  expect([...boundary.bytes]).toEqual([...rows.bytes, ...last, ...last]);
  const cut = cutRows(boundary, 0, 2);
  expect(cut).toEqual({ ...rows, dims: [1, 2, 3] });
  expect(cut.bytes.buffer.byteLength).toBe(24);
});
