/** How an answer's tokens are drawn, and which of them end it. Pure. */
import { SamplingDescription, type ConstraintDescription, type ModelPackage } from '@potluck/protocol';
import type { GenerationRequest } from './generationRequest.ts';

export interface HowToDraw {
  sampling: SamplingDescription;
  /** Tokens that end the answer. */
  stopTokenIds: number[];
  /** Shortest answer in tokens. */
  minTokens: number;
  constraint: ConstraintDescription | undefined;
}

export function howToDraw(
  request: Pick<
    GenerationRequest,
    'prompt' | 'sampling' | 'constraint' | 'ignoresEnd' | 'minTokens' | 'stopTokenIds'
  >,
  model: Pick<ModelPackage, 'stopTokenIds'>,
  seed: number,
): HowToDraw {
  // An answer that is complete has nowhere to go on.
  const ignoresEnd = request.ignoresEnd && !request.constraint;
  const minTokens = request.constraint ? 0 : (request.minTokens ?? 0);
  const stopTokenIds = [...(ignoresEnd ? [] : model.stopTokenIds), ...(request.stopTokenIds ?? [])];
  const constraint = request.constraint && { ...request.constraint, endTokenIds: stopTokenIds };
  const heldBack =
    minTokens > 0 ? { heldBack: { until: request.prompt.length + minTokens, tokens: stopTokenIds } } : {};
  const sampling = SamplingDescription.parse({ ...request.sampling, ...heldBack, seed });
  return { sampling, stopTokenIds, minTokens, constraint };
}
