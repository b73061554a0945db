/** A step that scores several tokens, at a stage that gives logits of one row at a time. Pure. */
import { axisOfRows, rowOf, type StageDescription } from '@potluck/protocol';
import type { StepRequest, StepResult } from '../contract/stage.ts';
import { BadStepError } from '../errors.ts';

/**
 * @returns a step for each of its tokens
 * @throws BadStepError where its boundary tensors can't be cut into rows
 */
export function rowByRow({ boundaryIn }: StageDescription, request: StepRequest): StepRequest[] {
  const { position, length, tokenIds, boundary, sample, score, ...rest } = request;
  return Array.from({ length }, (_, row): StepRequest => {
    const scored = score?.tokens.slice(row, row + 1) ?? [];
    return {
      ...{ ...rest, position: position + row, length: 1, sample: sample && row === length - 1 },
      ...(tokenIds && { tokenIds: tokenIds.slice(row, row + 1) }),
      ...(boundary && {
        boundary: boundary.map((tensor, index) => {
          const axis = axisOfRows(boundaryIn[index] ?? { dims: [] });
          if (axis === undefined)
            throw new BadStepError('The tokens of this model can only be scored one by one');
          return rowOf(tensor, axis, row);
        }),
      }),
      ...(score && scored.length > 0 && { score: { ...score, tokens: scored } }),
    };
  });
}

/** @param results of the steps of `rowByRow`, at a last stage */
export function joinRows(results: readonly StepResult[]): StepResult {
  const sampled = results.at(-1)?.sampled;
  return {
    ...(sampled && { sampled }),
    scores: results.flatMap(({ scores = [] }) => scores),
    queueMs: results.reduce((sum, { queueMs }) => sum + queueMs, 0),
    computeMs: results.reduce((sum, { computeMs }) => sum + computeMs, 0),
  };
}
