/** The list of models in Anthropic's shape. */
import type Anthropic from '@anthropic-ai/sdk';
import { ApiError } from '../apiError.ts';
import type { ListedModel } from '../inference/listedModels.ts';

export function modelInfo({ name: id, model, contextTokens: tokens }: ListedModel): Anthropic.ModelInfo {
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: new Date(model.importedAt * 1000).toISOString(),
    capabilities: null,
    deprecated_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: tokens,
    max_tokens: tokens,
    retires_at: null,
  };
}

const defaultLimit = 20;
const mostModels = 1000;

export interface PageQuery {
  limit?: string | undefined;
  after_id?: string | undefined;
  before_id?: string | undefined;
}

/** A page of the list: after or before a model that the last page had. @throws ApiError 400 */
export function modelPage(models: readonly ListedModel[], query: PageQuery) {
  const limit = Number(query.limit ?? defaultLimit);
  if (!Number.isInteger(limit) || limit < 1 || limit > mostModels) {
    throw new ApiError(400, `'limit': must be a whole number from 1 to ${mostModels}`, { param: 'limit' });
  }
  const all = models.map(modelInfo);
  const indexOf = (id: string): number => all.findIndex((one) => one.id === id);
  const after = query.after_id === undefined ? 0 : indexOf(query.after_id) + 1;
  const before = query.before_id === undefined ? all.length : indexOf(query.before_id);
  const between = all.slice(after, before < 0 ? all.length : before);
  const data = query.before_id === undefined ? between.slice(0, limit) : between.slice(-limit);
  return {
    data,
    has_more: data.length < between.length,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  };
}
