/** The part of Ollama's API that clients need to ask models. */
import { Hono } from 'hono';
import { z } from 'zod';
import { servedContext } from '../../pipelines/servedContext.ts';
import { ApiError } from '../apiError.ts';
import { findNamed, unknownModel } from '../inference/askedModel.ts';
import type { InferenceComponents } from '../inference/inference.ts';
import { listedModels, type ListComponents } from '../inference/listedModels.ts';
import { readPart } from '../inference/readBody.ts';
import { readJson } from '../inference/readJson.ts';
import { hubVersion } from '../../network/hubVersion.ts';
import { answerOllamaChat, answerOllamaGenerate } from './answerOllama.ts';
import type { EncoderComponents } from '../encoders/askEncoder.ts';
import { answerOllamaEmbed, answerOllamaEmbeddings } from './embed.ts';
import { modelNameOf } from './ollamaFields.ts';
import { listedModel, runningModel, shownModel } from './ollamaModels.ts';
import { refusedPaths } from './ollamaPaths.ts';

/** The Ollama whose API this is; clients refuse to talk to older ones. */
const ollamaVersion = '0.13.0';

const ShowBody = z.looseObject({ model: z.string().optional(), name: z.string().optional() });

/** Routes to mount under `/api`, beside those of the management API, for whoever may ask. */
export function ollamaRoutes(components: InferenceComponents & EncoderComponents & ListComponents): Hono {
  const app = new Hono();
  const { deployments } = components;
  app.get('/version', (c) => c.json({ version: ollamaVersion, potluck: hubVersion }));
  app.get('/tags', (c) => c.json({ models: listedModels(components).map(listedModel) }));
  app.get('/ps', (c) =>
    c.json({ models: deployments.list.filter((one) => servedContext(one)).map(runningModel) }),
  );
  app.post('/show', async (c) => {
    const body = readPart(ShowBody, await readJson(c), []);
    const asked = body.model ?? body.name ?? '';
    const deployment = findNamed(modelNameOf({ model: asked }), components);
    if (!deployment) throw unknownModel(asked, deployments.list, components);
    return c.json(shownModel(deployment));
  });
  app.post('/chat', (c) => answerOllamaChat(c, components));
  app.post('/generate', (c) => answerOllamaGenerate(c, components));
  app.post('/embed', (c) => answerOllamaEmbed(c, components));
  app.post('/embeddings', (c) => answerOllamaEmbeddings(c, components));
  const refuse = (): never => {
    throw new ApiError(
      501,
      "Models come to this hub and leave it only by its administrator: on the page 'Models' of the hub's app, or with " +
        '"potluck models". Deploy one there, then ask for it here by its name.',
      { code: 'not_supported' },
    );
  };
  for (const name of refusedPaths) app.all(`/${name}`, refuse);
  app.all('/blobs/*', refuse);
  return app;
}
