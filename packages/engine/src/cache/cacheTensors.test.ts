/** Every way to keep a cache holds the same rows after the same steps. */
import type { StageCache } from '@potluck/protocol';
import fc from 'fast-check';
import type { Tensor } from 'onnxruntime-common';
import { describe, expect, it } from 'vitest';
import { TruncateError } from '../errors.ts';
import { nodeOrt } from '../testing/nodeOrt.ts';
import { tensorBytes } from '../tensor/elements.ts';
import { arrayBufferPool } from './bufferPool.ts';
import { cacheLayout } from './cacheLayout.ts';
import type { CacheTensor } from './cacheTensor.ts';
import { GrowingTensor } from './growingTensor.ts';
import { RowsTensor } from './rowsTensor.ts';

const heads = 3;
const headSize = 2;
const capacity = 200;
const attention: StageCache = {
  layer: 0,
  kind: 'attention',
  input: 'past',
  output: 'present',
  type: 'float32',
  dims: [1, heads, 'past', headSize],
  sequenceAxis: 2,
  capacityPadded: true,
};
const layout = cacheLayout(attention);

/** A cache tensor beside the plain list of its rows: rows[token][head] is one number. */
interface Checked {
  tensor: CacheTensor;
  rows: number[][];
  grows: boolean;
}

/** What a graph would return after a step: all rows where it returns the present, else the new ones. */
function returned(rows: number[][]): Tensor {
  const values = Array.from({ length: heads }, (_, head) =>
    rows.flatMap((row) => Array<number>(headSize).fill(row[head] ?? NaN)),
  );
  return new nodeOrt.Tensor('float32', Float32Array.from(values.flat()), [1, heads, rows.length, headSize]);
}

function append(checked: Checked, added: number[][]): void {
  const { tensor, rows, grows } = checked;
  tensor.commit(returned(grows ? [...rows, ...added] : added), rows.length, added.length);
  checked.rows = [...rows, ...added];
}

function heldRows({ tensor, rows }: Checked): number[][] {
  const past = tensor.past(rows.length);
  const stride = past.dims[2] ?? 0;
  const values = new Float32Array(tensorBytes(past).slice().buffer);
  expect(values).toHaveLength(heads * stride * headSize);
  return rows.map((_, token) =>
    Array.from({ length: heads }, (_, head) => values[(head * stride + token) * headSize] ?? NaN),
  );
}

describe.each(['rows', 'growing'] as const)('a cache tensor kept as %s', (kind) => {
  const create = (pool = arrayBufferPool(1e6)): CacheTensor =>
    kind === 'rows'
      ? new RowsTensor(nodeOrt, layout, pool, capacity)
      : new GrowingTensor(nodeOrt, attention, layout);

  it('holds what was committed through any mix of steps, truncations and forks', () => {
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('append' as const), amount: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('truncate' as const), amount: fc.nat(100) }),
      fc.record({ kind: fc.constant('fork' as const), amount: fc.nat(100) }),
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
        const pool = arrayBufferPool(1e6);
        const all: Checked[] = [{ tensor: create(pool), rows: [], grows: kind === 'growing' }];
        let next = 0;
        for (const { kind: what, amount } of operations) {
          const checked = all[next % all.length] as Checked;
          const { tensor, rows } = checked;
          if (what === 'append') {
            const added = Math.min(amount, capacity - rows.length);
            append(
              checked,
              Array.from({ length: added }, () => Array.from({ length: heads }, () => ++next)),
            );
          } else {
            const length = Math.min(amount, rows.length);
            const kept = rows.slice(0, length);
            if (what === 'fork')
              all.push({ ...checked, tensor: tensor.fork(rows.length, length, capacity), rows: kept });
            else {
              tensor.truncate(rows.length, length);
              checked.rows = kept;
            }
          }
          for (const one of all) expect(heldRows(one)).toEqual(one.rows);
        }
        for (const { tensor } of all) tensor.dispose();
        expect(pool.takenBytes).toBe(0);
      }),
      { seed: 6, numRuns: 100 },
    );
  });
});

describe('RowsTensor', () => {
  it('feeds a past that is little longer than the tokens in it', () => {
    const checked: Checked = {
      tensor: new RowsTensor(nodeOrt, layout, arrayBufferPool(1e6), capacity),
      rows: [],
      grows: false,
    };
    expect(checked.tensor.past(0).dims).toEqual([1, heads, 0, headSize]);
    append(checked, [[1, 2, 3]]);
    expect(checked.tensor.past(1).dims[2]).toBe(16);
    append(
      checked,
      Array.from({ length: 190 }, () => [4, 5, 6]),
    );
    expect(checked.tensor.past(191).dims[2]).toBe(capacity);
  });

  it('reuses the memory of closed caches and starts empty in it', () => {
    const pool = arrayBufferPool(1e6);
    const first: Checked = {
      tensor: new RowsTensor(nodeOrt, layout, pool, capacity),
      rows: [],
      grows: false,
    };
    append(first, [[1, 2, 3]]);
    first.tensor.dispose();
    const free = pool.freeBytes;
    const second: Checked = {
      tensor: new RowsTensor(nodeOrt, layout, pool, capacity - 10),
      rows: [],
      grows: false,
    };
    expect(pool).toMatchObject({ freeBytes: 0, takenBytes: free });
    append(second, [[4, 5, 6]]);
    expect(heldRows(second)).toEqual([[4, 5, 6]]);
  });
});

describe('GrowingTensor', () => {
  it('keeps a tensor until its last holder lets go', () => {
    const tensor = new GrowingTensor(nodeOrt, attention, layout);
    const present = returned([[1, 2, 3]]);
    let disposed = 0;
    present.dispose = () => {
      disposed++;
    };
    tensor.commit(present);
    const fork = tensor.fork(1, 1);
    tensor.commit(
      returned([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    expect(disposed).toBe(0);
    fork.dispose();
    expect(disposed).toBe(1);
  });

  it('refuses to cut a state back, except to nothing', () => {
    const state: StageCache = { ...attention, kind: 'state', dims: [1, 4], capacityPadded: false };
    const tensor = new GrowingTensor(nodeOrt, state, cacheLayout(state));
    tensor.commit(new nodeOrt.Tensor('float32', Float32Array.of(1, 2, 3, 4), [1, 4]));
    expect(() => tensor.truncate(5, 3)).toThrow(TruncateError);
    expect(() => tensor.fork(5, 3)).toThrow(TruncateError);
    tensor.truncate(5, 0);
    expect([...(tensor.past().data as Float32Array)]).toEqual([0, 0, 0, 0]);
  });
});

describe('BufferPool', () => {
  it('never holds more than its limit in free and taken buffers', () => {
    const pool = arrayBufferPool(100);
    const taken = [pool.take(40), pool.take(60)];
    for (const buffer of taken) pool.give(buffer);
    expect(pool.freeBytes).toBe(100);
    const large = pool.take(90);
    expect(pool.freeBytes).toBe(0);
    pool.give(large);
    pool.clear();
    expect(pool).toMatchObject({ freeBytes: 0, takenBytes: 0 });
  });
});
