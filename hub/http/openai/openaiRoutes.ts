/** OpenAI's API, as far as it goes. */
import { Hono } from 'hono';
import type { ModelPackage } from '@potluck/protocol';
import type { Catalogue } from '../../models/catalogue.ts';
import { servedContext } from '../../pipelines/servedContext.ts';
import { deploymentNamed } from '../inference/inference.ts';
import { answerChat } from './chatCompletions.ts';
import { answerCompletion } from './completions.ts';
import { responseRoutes } from './responses/responseRoutes.ts';
import type { ResponseComponents } from './responses/startResponse.ts';

export interface OpenaiComponents extends ResponseComponents {
  catalogue: Pick<Catalogue, 'list'>;
}

/** Routes to mount under `/v1` (and, for clients that leave it out, under `/`). */
export function openaiRoutes(components: OpenaiComponents): Hono {
  const app = new Hono();
  app.get('/models', (c) => c.json({ object: 'list', data: listedModels(components) }));
  app.get('/models/:id{.+}', (c) => {
    const asked = c.req.param('id');
    const listed = listedModels(components).find(({ id }) => id === asked);
    return c.json(listed ?? describeModel(deploymentNamed(asked, components).model.package));
  });
  app.post('/chat/completions', (c) => answerChat(c, components));
  app.post('/completions', (c) => answerCompletion(c, components));
  app.route('/responses', responseRoutes(components));
  return app;
}

/** `type` is what several servers call it. */
function kindOf(encoder: ModelPackage['encoder']): Record<string, unknown> {
  if (!encoder) return { type: 'chat' };
  if (encoder.task === 'rerank') return { type: 'rerank' };
  return { type: 'embedding', dimensions: encoder.size };
}

/** Models that may be asked: those that are deployed, those that a request would deploy, and their aliases. */
function listedModels({
  deployments,
  catalogue,
  onDemand,
  settings,
}: OpenaiComponents): Record<string, unknown>[] {
  const asleep = catalogue.list.filter(({ id }) => onDemand.isAsleep(id));
  const models = [
    ...deployments.list.map((one) => describeModel(one.model.package, servedContext(one)?.tokens)),
    ...asleep.map((model) => describeModel(model)),
  ];
  const byId = new Map(models.map((model) => [model['id'], model]));
  const named = Object.entries(settings().aliases).flatMap(([alias, id]) => {
    const model = byId.get(id);
    return model && !byId.has(alias) ? [{ ...model, id: alias, root: id }] : [];
  });
  return [...models, ...named];
}

/** @param servedTokens what the devices that serve it now have room for */
function describeModel(model: ModelPackage, servedTokens = model.contextLength): Record<string, unknown> {
  return {
    id: model.id,
    object: 'model',
    created: model.importedAt,
    owned_by: 'potluck',
    max_model_len: servedTokens,
    context_length: servedTokens,
    ...kindOf(model.encoder),
    ...(model.license ? { license: model.license } : {}),
  };
}
