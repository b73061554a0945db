/** What can go wrong at a stage. Each error carries the code that a session is failed with. */
import type { SessionErrorCode } from '@potluck/protocol';

/** Thrown when no cache stands where a step, fork or truncation wants it: wrong id, epoch or position. */
export class CacheMissError extends Error {
  override readonly name = 'CacheMissError';
  readonly code = 'cache-miss' satisfies SessionErrorCode;
}

/** Thrown when a cache would take more than the stage's budget, or a step more rows than the cache reserved. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
  readonly code = 'no-room' satisfies SessionErrorCode;
  /** What was asked for, in `unit`. */
  readonly asked: number;
  /** What was left, in `unit`. */
  readonly available: number;
  /** The whole of it, in `unit`. */
  readonly capacity: number;
  readonly unit: 'bytes' | 'tokens';

  constructor(what: string, asked: number, available: number, capacity: number, unit: 'bytes' | 'tokens') {
    super(`${what}: asked for ${asked} ${unit}, ${available} of ${capacity} left`);
    this.asked = asked;
    this.available = available;
    this.capacity = capacity;
    this.unit = unit;
  }
}

/** Thrown when a step is not one that this stage can run: missing or misshaped inputs. */
export class BadStepError extends Error {
  override readonly name = 'BadStepError';
  readonly code = 'bad-frame' satisfies SessionErrorCode;
}

/** Thrown when ONNX Runtime failed, or gave numbers that are none; `cause` is what it threw. */
export class ComputeError extends Error {
  override readonly name = 'ComputeError';
  readonly code = 'compute-failed' satisfies SessionErrorCode;
}

/** Thrown for everything asked of a stage after `dispose`. */
export class StageGoneError extends Error {
  override readonly name = 'StageGoneError';
  readonly code = 'stage-gone' satisfies SessionErrorCode;
}

/** Thrown when a cache can't be cut back to the length asked for; the way out is to open anew and replay. */
export class TruncateError extends Error {
  override readonly name = 'TruncateError';
  readonly code = 'cache-miss' satisfies SessionErrorCode;
}
