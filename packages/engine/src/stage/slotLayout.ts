/**
 * The shape of a run whose attention goes over a batch: which rows it has, and which of them attention takes. The rows are a
 * multiple of `granularity` as in `layOutBatch`; a member's attention has its own rows and no others.
 */
import { fillUp, type MemberStep, type RunRows } from './batchLayout.ts';

export interface SlotLayout extends RunRows {
  /** Entries of attention's batch. */
  slots: number;
  /** Rows that each of them has. */
  length: number;
  /** Rows of the run that attention takes, slot by slot. */
  attended: number[];
  /** For each slot, the place of its last row in its cache. */
  lastPlaces: number[];
  /** The most tokens before and in the step that a slot has. */
  total: number;
  /** For each row of the run, the place of its attention among the attended rows. */
  order: number[];
  /** Rows that get logits, in the order of the members that want them, filled up as the run is. */
  logitRows: number[];
}

/** A step by itself, over a cache of its own. */
export function layOutAlone({ position, length, logitRows }: MemberStep, granularity: number): SlotLayout {
  const attended = Array.from({ length }, (_, row) => row);
  const order = [...attended];
  fillUp(order, granularity);
  return {
    ...{ slots: 1, length, attended, order, rows: order.length, members: [{ firstRow: 0 }] },
    ...{ lastPlaces: [position + length - 1], total: position + length },
    logitRows: filledUp(attended.slice(length - logitRows), granularity),
  };
}

/**
 * Steps of one token of several members.
 * @param members their slots, and how many of their rows get logits
 * @param rowsBefore the tokens in each slot's cache: a slot that no member has gets a row behind them, which counts for nothing
 */
export function layOutSlots(
  members: readonly { slot: number; logitRows: number }[],
  rowsBefore: readonly number[],
  granularity: number,
): SlotLayout {
  const attended = rowsBefore.map((_, slot) =>
    Math.max(
      0,
      members.findIndex((member) => member.slot === slot),
    ),
  );
  const order = members.map(({ slot }) => slot);
  fillUp(order, granularity);
  const wanted = members.flatMap(({ logitRows }, row) => (logitRows > 0 ? [row] : []));
  return {
    ...{ slots: rowsBefore.length, length: 1, attended, order, rows: order.length },
    members: members.map((_, firstRow) => ({ firstRow })),
    ...{ lastPlaces: [...rowsBefore], total: Math.max(...rowsBefore) + 1 },
    logitRows: filledUp(wanted, granularity),
  };
}

function filledUp(rows: number[], granularity: number): number[] {
  fillUp(rows, granularity);
  return rows;
}
