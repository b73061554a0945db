/** One cache tensor of one layer for one token prefix: how it is stored is the strategy's business. */
import type { Tensor } from 'onnxruntime-common';

/**
 * Lengths are in tokens. `rows` is always what the cache holds before the call; a tensor never counts by itself.
 */
export interface CacheTensor {
  /** What to feed as past before a step; only its first `rows` rows count. */
  past(rows: number): Tensor;
  /** A tensor for ONNX Runtime to write the present to, or null where it makes one. */
  readonly present: Tensor | null;
  /** Takes what the step returned in the place of the present; the cache holds `rows + added` rows after it. */
  commit(returned: Tensor, rows: number, added: number): void;
  /**
   * A tensor of its own for the first `length` rows.
   * @param capacity most rows that it will hold
   * @throws TruncateError as `truncate` does
   */
  fork(rows: number, length: number, capacity: number): CacheTensor;
  /** Forgets all rows from `length` on. @throws TruncateError where what is left can't be told apart */
  truncate(rows: number, length: number): void;
  /** True where a cut waits until nothing runs on the device; `settle` then does it. */
  readonly isUnsettled?: boolean;
  /** Does the cut that waits. Between runs, before the next `past`. */
  settle?(): Promise<void>;
  /** Gives its memory back. */
  dispose(): void;
}
