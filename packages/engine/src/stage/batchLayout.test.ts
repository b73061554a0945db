import { describe, expect, it } from 'vitest';
import { layOutBatch, type MemberStep } from './batchLayout.ts';

const step = (position: number, length = 1, logitRows = 0): MemberStep => ({ position, length, logitRows });

describe('layOutBatch', () => {
  it('gives every step attention of at least two rows that ends at a multiple of four', () => {
    for (let position = 0; position < 12; position++) {
      for (let length = 1; length < 12; length++) {
        const { members } = layOutBatch([step(position, length)], 1);
        const { attendedRows, total } = members[0] ?? { attendedRows: [], total: 0 };
        expect(total % 4).toBe(0);
        expect(attendedRows).toHaveLength(total - position);
        expect(attendedRows.length).toBeGreaterThanOrEqual(Math.max(2, length));
        expect(attendedRows.length).toBeLessThan(length + 5);
        // Its own rows, then the last of them again.
        expect(attendedRows).toEqual(attendedRows.map((_, row) => Math.min(row, length - 1)));
      }
    }
  });

  it('puts rows one after the other and finds their attention again', () => {
    const { rows, members, order } = layOutBatch([step(7), step(0, 3), step(4)], 1);
    expect(rows).toBe(5);
    expect(members).toEqual([
      { firstRow: 0, attendedRows: [0, 0, 0, 0, 0], total: 12 },
      { firstRow: 1, attendedRows: [1, 2, 3, 3], total: 4 },
      { firstRow: 4, attendedRows: [4, 4, 4, 4], total: 8 },
    ]);
    expect(order).toEqual([0, 5, 6, 7, 9]);
  });

  it('chooses the last row of each member that wants logits', () => {
    const layout = layOutBatch([step(7), step(0, 3, 1), step(4, 1, 1)], 1);
    expect(layout.logitRows).toEqual([3, 4]);
    expect(layOutBatch([step(7), step(0, 3)], 4).logitRows).toEqual([]);
    expect(layOutBatch([step(7, 1, 1), step(0, 3, 3)], 1).logitRows).toEqual([0, 1, 2, 3]);
  });

  it('fills rows and logits up to a multiple, whatever the company', () => {
    expect(layOutBatch([step(7, 1, 1)], 2)).toMatchObject({ rows: 2, order: [0, 0], logitRows: [0, 0] });
    const three = layOutBatch([step(7, 1, 1), step(3, 1, 1), step(0, 3)], 4);
    expect(three.rows).toBe(8);
    expect(three.order.slice(5)).toEqual([three.order[4], three.order[4], three.order[4]]);
    expect(three.logitRows).toEqual([0, 1, 1, 1]);
  });
});
