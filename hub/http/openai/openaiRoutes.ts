/** OpenAI's API, as far as it goes. */
import { Hono } from 'hono';
import type { Deployment } from '../../pipelines/deployment.ts';
import { servedContext } from '../../pipelines/servedContext.ts';
import { ApiError } from '../apiError.ts';
import { answerChat, unknownModel, type ChatComponents } from './chatCompletions.ts';

/** Routes to mount under `/v1` (and, for clients that leave it out, under `/`). */
export function openaiRoutes(components: ChatComponents): Hono {
  const app = new Hono();
  const { deployments } = components;
  app.get('/models', (c) => {
    const data = deployments.list.map(describeModel);
    return c.json({ object: 'list', data });
  });
  app.get('/models/:id{.+}', (c) => {
    const id = c.req.param('id');
    const deployment = deployments.find(id);
    if (!deployment) throw unknownModel(id, deployments.list);
    return c.json(describeModel(deployment));
  });
  app.post('/chat/completions', (c) => answerChat(c, components));
  app.all('/chat/completions', (c) => {
    c.header('allow', 'POST');
    throw new ApiError(405, `${c.req.method} is not allowed here; use POST.`, { code: 'method_not_allowed' });
  });
  return app;
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
    ...(model.license ? { license: model.license } : {}),
  };
}
