/** OpenAI's API, as far as it goes. */
import { Hono } from 'hono';
import type { ModelPackage } from '@potluck/protocol';
import {
  findListed,
  listedModels,
  type ListComponents,
  type ListedModel,
} from '../inference/listedModels.ts';
import { answerChat } from './chatCompletions.ts';
import { answerCompletion } from './completions.ts';
import { responseRoutes } from './responses/responseRoutes.ts';
import type { ResponseComponents } from './responses/startResponse.ts';

/** Routes to mount under `/v1` (and, for clients that leave it out, under `/`). */
export function openaiRoutes(components: ResponseComponents & ListComponents): Hono {
  const app = new Hono();
  app.get('/models', (c) => {
    const data = listedModels(components).map(describeModel);
    return c.json({ object: 'list', data });
  });
  app.get('/models/:id{.+}', (c) => c.json(describeModel(findListed(c.req.param('id'), components))));
  app.post('/chat/completions', (c) => answerChat(c, components));
  app.post('/completions', (c) => answerCompletion(c, components));
  app.route('/responses', responseRoutes(components));
  return app;
}

/** `type` is what several servers call it. */
function kindOf({ encoder, reranker }: ModelPackage): Record<string, unknown> {
  if (reranker || encoder?.task === 'rerank') return { type: 'rerank' };
  if (!encoder) return { type: 'chat' };
  return { type: 'embedding', dimensions: encoder.size };
}

/** `root` is the model's own name where this one is an alias, as in vLLM. */
function describeModel({ name, model, contextTokens }: ListedModel): Record<string, unknown> {
  return {
    id: name,
    object: 'model',
    created: model.importedAt,
    owned_by: 'potluck',
    max_model_len: contextTokens,
    context_length: contextTokens,
    ...(name === model.id ? {} : { root: model.id }),
    ...kindOf(model),
    ...(model.license ? { license: model.license } : {}),
  };
}
