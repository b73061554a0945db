/** Anthropic's API, as far as it goes. */
import { Hono } from 'hono';
import type { InferenceComponents } from '../inference/inference.ts';
import { findListed, listedModels, type ListComponents } from '../inference/listedModels.ts';
import { isAnthropicClient } from './anthropicErrors.ts';
import { modelInfo, modelPage } from './anthropicModels.ts';
import { answerMessages, countTokens } from './messages.ts';

/** Routes to mount under `/v1`, before those of OpenAI's API: who says `anthropic-version` gets the other list of models. */
export function anthropicRoutes(components: InferenceComponents & ListComponents): Hono {
  const app = new Hono();
  app.get('/models', (c, next) => {
    if (!isAnthropicClient(c)) return next();
    return Promise.resolve(c.json(modelPage(listedModels(components), c.req.query())));
  });
  app.get('/models/:id{.+}', (c, next) => {
    if (!isAnthropicClient(c)) return next();
    return Promise.resolve(c.json(modelInfo(findListed(c.req.param('id'), components))));
  });
  app.post('/messages', (c) => answerMessages(c, components));
  app.post('/messages/count_tokens', (c) => countTokens(c, components));
  return app;
}
