/** Errors in the shape that Ollama's clients read: `{error: "…"}`. */
import type { MiddlewareHandler } from 'hono';
import type { ApiError } from '../apiError.ts';
import { isOllamaPath } from './ollamaPaths.ts';

export interface OllamaError {
  error: string;
}

export function ollamaError({ message }: Pick<ApiError, 'message'>): OllamaError {
  return { error: message };
}

/** Lets errors of Ollama's paths have Ollama's shape. */
export function ollamaErrors(): MiddlewareHandler {
  return async function setErrorShape(c, next) {
    if (isOllamaPath(c.req.path)) c.set('describeError', (_, error) => ollamaError(error));
    await next();
  };
}
