/**
 * The shape of a run: which rows it has, and which of them each member's attention takes.
 *
 * One shape for every session, whoever else is there. Kernels for one row round differently from those for many, and some
 * take the last keys differently when their number is not a multiple of 4. So a run's rows are a multiple of `granularity`,
 * and a member's attention has at least two rows and ends at a multiple of 4: dummy rows stand behind the real ones, which do
 * not see them. A session's numbers then depend neither on its company nor on the chunks that its tokens come in.
 * How kernels round was measured with ONNX Runtime 1.30 on x86, ARM and wasm.
 */

/** Of the tokens before and in a step, dummy rows included. */
const attentionMultiple = 4;
const leastAttentionRows = 2;

/** What is asked of one member. */
export interface MemberStep {
  /** Tokens before the step. */
  position: number;
  /** Tokens in it. */
  length: number;
  /** How many of its last rows get logits. */
  logitRows: number;
}

/** The rows of a run, and where those of each member are. */
export interface RunRows {
  /** Rows of the run, those included that only fill it up. */
  rows: number;
  members: { firstRow: number }[];
}

/** Where a member's rows are. */
export interface MemberRows {
  /** Its rows in the run: [firstRow, firstRow + length). */
  firstRow: number;
  /** Rows of the run that its attention takes: its own, then its last one again as dummy rows. */
  attendedRows: number[];
  /** Tokens before and in the step, dummy rows included. */
  total: number;
}

export interface BatchLayout extends RunRows {
  members: MemberRows[];
  /** For each row, the place of its attention among the attended rows of all members. */
  order: number[];
  /** Rows that get logits, in the order of the members that want them, filled up as the run is; none where nobody wants any. */
  logitRows: number[];
}

/**
 * @param steps at least one
 * @param granularity rows of a run are a multiple of it
 * @param mostTotal tokens behind which no dummy row may stand, where positions have tables that end
 */
export function layOutBatch(
  steps: readonly MemberStep[],
  granularity: number,
  mostTotal = Infinity,
): BatchLayout {
  const members: MemberRows[] = [];
  const order: number[] = [];
  const logitRows: number[] = [];
  let attendedBefore = 0;
  for (const { position, length, logitRows: wanted } of steps) {
    const firstRow = order.length;
    const total = Math.max(position + length, Math.min(attendedTotal(position, length), mostTotal));
    const attendedRows = Array.from(
      { length: total - position },
      (_, row) => firstRow + Math.min(row, length - 1),
    );
    for (let row = 0; row < length; row++) order.push(attendedBefore + row);
    attendedBefore += attendedRows.length;
    for (let row = length - wanted; row < length; row++) logitRows.push(firstRow + row);
    members.push({ firstRow, attendedRows, total });
  }
  fillUp(order, granularity);
  fillUp(logitRows, granularity);
  return { rows: order.length, members, order, logitRows };
}

function attendedTotal(position: number, length: number): number {
  const least = position + Math.max(length, leastAttentionRows);
  return Math.ceil(least / attentionMultiple) * attentionMultiple;
}

/** Repeats the last entry until there is a multiple of `granularity`. */
export function fillUp(rows: number[], granularity: number): void {
  const last = rows.at(-1);
  if (last === undefined) return;
  while (rows.length % granularity !== 0) rows.push(last);
}
