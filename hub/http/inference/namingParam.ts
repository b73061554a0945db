/** Errors of generations under the names that a surface has for what it was asked. */
import { GenerationError, promptParam } from '../../generation/generationError.ts';
import { ApiError, toApiError } from '../apiError.ts';

/** The same error, with the surface's own name of the prompt. */
export function naming(param: string, error: unknown): unknown {
  if (!(error instanceof GenerationError && error.param === promptParam)) return error;
  const { status, message, code } = toApiError(error);
  return new ApiError(status, message, { param, cause: error, ...(code === null ? {} : { code }) });
}
