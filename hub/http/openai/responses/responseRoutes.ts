/** `/v1/responses`. */
import { Hono, type Context } from 'hono';
import type { ResponseRow } from '../../../conversations/responseStore.ts';
import { messageOf } from '../../../errors/messageOf.ts';
import { ApiError } from '../../apiError.ts';
import { notAllowed } from '../../notAllowed.ts';
import { infer } from '../../inference/infer.ts';
import { readJson } from '../../inference/readJson.ts';
import { answerCompaction } from './compactResponse.ts';
import { countInputTokens } from './countInputTokens.ts';
import { conversationItems } from './conversationItems.ts';
import { resolved } from './earlierItems.ts';
import type { InputItem } from './inputItems.ts';
import { readItemList, readReplayQuery } from './responseQueries.ts';
import { readResponseBody, type ResponseBody } from './responseBody.ts';
import type { ResponseObject } from './responseShapes.ts';
import { responseSocket } from './responseSocket.ts';
import { RunningResponses, type ResponseReplay, type RunningResponse } from './runningResponses.ts';
import { sendReplay, sendStream, sendWhole } from './sendResponse.ts';
import { startResponse, type ResponseComponents, type ResponseParts } from './startResponse.ts';

/** Routes to mount under `/responses`. */
export function responseRoutes(components: ResponseComponents): Hono {
  const app = new Hono();
  const running = new RunningResponses();
  const parts: ResponseParts = { ...components, running };
  const { responses: store } = components;

  /** What there is of a response: it goes on, or it is kept. */
  const find = async (c: Context, id: string): Promise<RunningResponse | ResponseRow> => {
    const { owner } = c.var.caller;
    const found = running.find(owner, id) ?? (await store.find(owner, id));
    if (found) return found;
    throw new ApiError(
      404,
      `There is no response '${id.slice(0, 100)}'. It may have been deleted, have expired, or have been made with "store": false.`,
      { code: 'response_not_found' },
    );
  };

  app.post('/', async (c) => answerResponse(c, parts, readResponseBody(await readJson(c))));
  app.post('/input_tokens', (c) => countInputTokens(c, parts));
  app.post('/compact', (c) => answerCompaction(c, parts));
  // Or they would be taken for ids.
  for (const path of ['/input_tokens', '/compact']) {
    app.on(['GET', 'DELETE'], path, (c) => {
      throw notAllowed(c, ['POST']);
    });
  }
  app.get('/', responseSocket(parts), (c) => {
    c.header('upgrade', 'websocket');
    const hint = 'Ask with POST, or open a web socket here.';
    throw new ApiError(426, hint, { code: 'upgrade_required' });
  });
  app.get('/:id', async (c) => {
    const query = readReplayQuery(c.req.query());
    const found = await find(c, c.req.param('id'));
    if (!query.stream) return c.json(responseOf(found));
    const { replay } = found;
    // It is about to go on after the hub was started again.
    if (!('follow' in found) && found.status === 'running') throw notGoingOnYet();
    if (!replay) {
      throw new ApiError(
        400,
        '\'stream\': only a response that was asked for with "background": true can be followed.',
        { param: 'stream' },
      );
    }
    const made = replay as unknown as ResponseReplay;
    const pieces = 'follow' in found ? found.follow() : made.pieces;
    return sendReplay(made, pieces, { startingAfter: query.starting_after ?? -1 });
  });
  app.delete('/:id', async (c) => {
    const id = c.req.param('id');
    const found = await find(c, id);
    if ('follow' in found) await ended(found);
    await store.remove(c.var.caller.owner, id);
    return c.json({ id, object: 'response', deleted: true });
  });
  app.post('/:id/cancel', async (c) => {
    const found = await find(c, c.req.param('id'));
    if (!responseOf(found).background) {
      throw new ApiError(
        400,
        'Only a response that was asked for with "background": true can be cancelled. Others end with their connection.',
      );
    }
    if ('follow' in found) await ended(found);
    return c.json(responseOf(found));
  });
  app.get('/:id/input_items', async (c) => {
    const { owner } = c.var.caller;
    const { input } = await find(c, c.req.param('id'));
    const items = await resolved({ store, running }, owner, input as InputItem[]);
    return c.json(readItemList(items, c.req.query()));
  });
  return app;
}

function notGoingOnYet(): ApiError {
  const message = 'The hub was started again and goes on with this response as soon as its model is served.';
  return new ApiError(503, message, { code: 'model_loading', retryAfterSeconds: 2 });
}

/** Cancels it, and waits until it is kept as that. */
async function ended(running: RunningResponse): Promise<void> {
  running.cancel();
  await running.ended;
}

async function answerResponse(c: Context, parts: ResponseParts, body: ResponseBody): Promise<Response> {
  const { logger } = parts;
  const items = await conversationItems(parts, c.var.caller.owner, body);
  const { model, background } = body;
  return infer(c, parts, { model, promptParam: 'input', outlivesReader: background }, async (inference) => {
    const started = await startResponse(c, parts, inference, body, items);
    if (!background) return body.stream ? sendStream(parts, inference, started) : sendWhole(started);
    const { running, headers, drive } = started;
    const begun = { ...running.response };
    drive().catch((error: unknown) => {
      logger.error({ reason: messageOf(error), response: begun.id }, 'a response in the background failed');
    });
    const { replay } = running;
    return body.stream && replay
      ? sendReplay(replay, running.follow(), { startingAfter: -1, headers })
      : Response.json(begun, { headers });
  });
}

/** @param found that goes on, or is kept */
function responseOf(found: RunningResponse | ResponseRow): ResponseObject {
  const response = found.response as unknown as ResponseObject;
  if ('follow' in found || found.status !== 'interrupted') return response;
  const message = 'The hub ended before this answer did. Ask again.';
  return { ...response, status: 'failed', error: { code: 'server_error', message } };
}
