/** What must hold before a stage touches its cache. Pure: every answer depends on the arguments alone. */
import type { OpenSession, StepFrame, StageTensor } from '@potluck/protocol';
import { SessionError } from '../errors.ts';

/** The part of a session that decides what may come next. */
export interface SessionPosition {
  epoch: number;
  /** Tokens that ran or are queued: the next step starts here. */
  position: number;
  capacity: number;
}

/**
 * @param step tokens [position, position + length) of some epoch
 * @throws SessionError if they are not exactly what comes next
 */
export function checkContinues(
  session: SessionPosition,
  step: { epoch: number; position: number; length: number },
): void {
  if (step.epoch !== session.epoch || step.position !== session.position) {
    throw new SessionError(
      'cache-miss',
      `step for epoch ${step.epoch}, position ${step.position}; the cache is in epoch ${session.epoch}, at ${session.position}`,
    );
  }
  if (step.length < 1) throw new SessionError('bad-frame', 'a step of no tokens');
  if (step.position + step.length > session.capacity) {
    throw new SessionError(
      'no-room',
      `${step.length} tokens at ${step.position} do not fit into the ${session.capacity} reserved`,
    );
  }
}

/**
 * A stage runs no more tokens at once than the session said: the hub counted memory for that many.
 * @throws SessionError if the step is longer
 */
export function checkChunk({ chunkTokens }: { chunkTokens: number }, length: number): void {
  if (length <= chunkTokens) return;
  throw new SessionError(
    'bad-frame',
    `a step of ${length} tokens; the session runs at most ${chunkTokens} at once`,
  );
}

/**
 * @param total tokens that the steps are of
 * @throws SessionError if the steps are longer than the session said, or not of these tokens
 */
export function checkSteps(session: { chunkTokens: number }, steps: readonly number[], total: number): void {
  let sum = 0;
  for (const length of steps) {
    checkChunk(session, length);
    sum += length;
  }
  if (sum !== total) throw new SessionError('bad-frame', `steps of ${sum} tokens for ${total}`);
}

/**
 * @param expected the stage's `boundaryIn`
 * @throws SessionError if the frame does not carry exactly these tensors for its length
 */
export function checkBoundary(
  expected: StageTensor[],
  frame: Pick<StepFrame, 'tensors' | 'position' | 'length'>,
): void {
  if (frame.tensors.length !== expected.length) {
    throw new SessionError(
      'bad-frame',
      `frame with ${frame.tensors.length} tensors, this stage takes ${expected.length}`,
    );
  }
  const lengths = { step: frame.length, past: frame.position, total: frame.position + frame.length };
  for (const [index, tensor] of frame.tensors.entries()) {
    const { name, type, dims } = expected[index] as StageTensor;
    const wanted = dims.map((dim) => (typeof dim === 'number' ? dim : lengths[dim]));
    const fits =
      tensor.type === type &&
      tensor.dims.length === wanted.length &&
      wanted.every((dim, axis) => dim === tensor.dims[axis]);
    if (!fits) {
      throw new SessionError(
        'bad-frame',
        `tensor ${name} is ${tensor.type} [${tensor.dims.join(', ')}], this stage takes ${type} [${wanted.join(', ')}]`,
      );
    }
  }
}

/**
 * Why the answer ends with this token, if it does.
 * @param position index of the token in the whole sequence
 */
export function finishAt(
  limits: Pick<OpenSession, 'stopTokenIds' | 'lengthLimit'>,
  position: number,
  token: number,
): 'stop' | 'length' | undefined {
  if (limits.stopTokenIds.includes(token)) return 'stop';
  return position >= limits.lengthLimit - 1 ? 'length' : undefined;
}
