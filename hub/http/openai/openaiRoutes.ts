/** OpenAI's API, as far as it goes. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ModelPackage } from '@potluck/protocol';
import { ApiError } from '../apiError.ts';
import { answerChat, unknownModel, type ChatComponents } from './chatCompletions.ts';

/** A prompt of 256k tokens has about a megabyte. */
const maxBodyBytes = 16 * 1024 * 1024;

/** Routes to mount under `/v1` (and, for clients that leave it out, under `/`). */
export function openaiRoutes(components: ChatComponents): Hono {
  const app = new Hono();
  const { package: served } = components.model;
  app.get('/models', (c) => c.json({ object: 'list', data: [describeModel(served)] }));
  app.get('/models/:id{.+}', (c) => {
    const id = c.req.param('id');
    if (id !== served.id) throw unknownModel(id, served.id);
    return c.json(describeModel(served));
  });
  app.post(
    '/chat/completions',
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new ApiError(413, `The body is larger than ${maxBodyBytes} bytes.`, {
          code: 'request_too_large',
        });
      },
    }),
    (c) => answerChat(c, components),
  );
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
