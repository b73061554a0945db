/** OpenAI's API, as far as it goes. */
import { Hono } from 'hono';
import type { ModelPackage } from '@potluck/protocol';
import type { Deployment } from '../../pipelines/deployment.ts';
import { servedContext } from '../../pipelines/servedContext.ts';
import { deploymentNamed } from '../inference/inference.ts';
import { answerChat } from './chatCompletions.ts';
import { answerCompletion } from './completions.ts';
import { responseRoutes } from './responses/responseRoutes.ts';
import type { ResponseComponents } from './responses/startResponse.ts';

/** Routes to mount under `/v1` (and, for clients that leave it out, under `/`). */
export function openaiRoutes(components: ResponseComponents): Hono {
  const app = new Hono();
  const { deployments } = components;
  app.get('/models', (c) => {
    const data = deployments.list.map(describeModel);
    return c.json({ object: 'list', data });
  });
  app.get('/models/:id{.+}', (c) => {
    const deployment = deploymentNamed(c.req.param('id'), deployments);
    return c.json(describeModel(deployment));
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

/** The context is what the devices that serve it now have room for. */
function describeModel(deployment: Deployment): Record<string, unknown> {
  const model = deployment.model.package;
  const contextLength = servedContext(deployment)?.tokens ?? model.contextLength;
  return {
    id: model.id,
    object: 'model',
    created: model.importedAt,
    owned_by: 'potluck',
    max_model_len: contextLength,
    context_length: contextLength,
    ...kindOf(model.encoder),
    ...(model.license ? { license: model.license } : {}),
  };
}
