/** Errors under the names that a surface has for what it was asked. */
import { GenerationError, promptParam } from '../../generation/generationError.ts';
import { ApiError, toApiError } from '../apiError.ts';

/** The same error, with the surface's own name of the prompt. */
export function naming(param: string, error: unknown): unknown {
  if (!(error instanceof GenerationError && error.param === promptParam)) return error;
  const { status, message, code } = toApiError(error);
  return new ApiError(status, message, { param, cause: error, ...(code === null ? {} : { code }) });
}

/**
 * The same error, where a place in the body has another name at the surface.
 * @param named what the error calls it: its parameter, or the beginning of it
 * @param here what the surface calls it
 */
export function renamed(error: ApiError, named: string, here: string): ApiError {
  const { status, message, code, param } = error;
  return new ApiError(status, message.replaceAll(named, here), {
    param: param?.replace(named, here),
    cause: error,
    ...(code === null ? {} : { code }),
  });
}
