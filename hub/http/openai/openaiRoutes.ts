/** OpenAI's API, as far as it goes. */
import { Hono } from 'hono';
import type { ModelPackage } from '@potluck/protocol';
import { ApiError } from '../apiError.ts';
import { answerChat, unknownModel, type ChatComponents } from './chatCompletions.ts';

/** Routes to mount under `/v1` (and, for clients that leave it out, under `/`). */
export function openaiRoutes(components: ChatComponents): Hono {
  const app = new Hono();
  const { deployments } = components;
  app.get('/models', (c) => {
    const data = deployments.list.map(({ model }) => describeModel(model.package));
    return c.json({ object: 'list', data });
  });
  app.get('/models/:id{.+}', (c) => {
    const id = c.req.param('id');
    const deployment = deployments.find(id);
    if (!deployment) throw unknownModel(id, deployments.list);
    return c.json(describeModel(deployment.model.package));
  });
  app.post('/chat/completions', (c) => answerChat(c, components));
  app.all('/chat/completions', (c) => {
    c.header('allow', 'POST');
    throw new ApiError(405, `${c.req.method} is not allowed here; use POST.`, { code: 'method_not_allowed' });
  });
  return app;
}

function describeModel(model: ModelPackage): Record<string, unknown> {
  return {
    id: model.id,
    object: 'model',
    created: model.importedAt,
    owned_by: 'potluck',
    max_model_len: model.contextLength,
    context_length: model.contextLength,
    ...(model.license ? { license: model.license } : {}),
  };
}
