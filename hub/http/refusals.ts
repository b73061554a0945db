/** Which requests to a model are refused: what comes after it is told of those that were never accepted. */
import type { Context } from 'hono';
import type { Refusal } from '../generation/refusedRequests.ts';
import type { ApiError } from './apiError.ts';
import { authorOf } from './author.ts';

declare module 'hono' {
  interface ContextVariableMap {
    /** The model that a request is for, as far as that is known. */
    askedModel: string | undefined;
    /** True once a request has a record of its own, however it ends. */
    isRecorded: boolean | undefined;
  }
}

const askingPath =
  /^(\/v1|\/v2)?\/(chat\/completions|completions|responses|messages|embeddings|rerank)$|^\/api\/(chat|generate|embed|embeddings)$/;

/** @returns undefined where the request asks no model, or was accepted before it failed */
export function refusalOf(c: Context, error: ApiError): Refusal | undefined {
  return c.req.method === 'POST' && askingPath.test(c.req.path) ? refusalIn(c, error) : undefined;
}

/** The same of a request that is known to ask a model. */
export function refusalIn(c: Context, { code, message }: ApiError): Refusal | undefined {
  if (c.get('isRecorded')) return undefined;
  const caller = c.get('caller') as Context['var']['caller'] | undefined;
  if (!caller) return undefined;
  return { author: authorOf(caller), model: c.get('askedModel') ?? '', code, message };
}
