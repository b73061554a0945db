/** `POST /v1/chat/completions`. */
import type { Context } from 'hono';
import type { Logger } from 'pino';
import { conversationHeaders, type Settings } from '@potluck/api';
import type { KeyUse } from '../../accounts/keyUse.ts';
import {
  type AnswerPlace,
  type ConversationKeeper,
  type KeptAnswer,
} from '../../conversations/conversationKeeper.ts';
import type { RequestAuthor } from '../../generation/requestRecord.ts';
import type { Generation } from '../../generation/generation.ts';
import type { Generator } from '../../generation/generator.ts';
import type { Deployment } from '../../pipelines/deployment.ts';
import type { Deployments } from '../../pipelines/deployments.ts';
import { messageOf } from '../../errors/messageOf.ts';
import { ApiError } from '../apiError.ts';
import { shareOf, type Caller } from '../caller.ts';
import { turnAfter } from '../turnAfter.ts';
import { placeOf } from './answerPlace.ts';
import { readChatBody } from './chatBody.ts';
import { parseJson } from './parseJson.ts';
import { sendAnswer } from './sendAnswer.ts';
import { toChatRequest } from './toChatRequest.ts';

export interface ChatComponents {
  generator: Generator;
  deployments: Pick<Deployments, 'find' | 'list'>;
  /** Answers where the request names no model; undefined while none is deployed. */
  defaultModel: () => string | undefined;
  conversations: ConversationKeeper;
  keyUse: KeyUse;
  /** What of a request's words is kept with it. */
  settings: () => Pick<Settings, 'keepChatWords' | 'keepApiWords'>;
  logger: Logger;
}

/** Answers a chat request, as a stream or as a whole. */
export async function answerChat(c: Context, components: ChatComponents): Promise<Response> {
  const started = performance.now();
  const { generator, deployments, defaultModel, conversations, settings, logger } = components;
  const { caller } = c.var;
  const body = readChatBody(await readJson(c));
  const asked = body.model ?? defaultModel() ?? '';
  const deployment = deployments.find(asked);
  if (!deployment) throw unknownModel(asked, deployments.list);
  const { model } = deployment;
  const place = await placeOf(c, conversations);
  const done = await takePlace(caller, model.package.id, components);
  // Ends the generation when the client goes away, whatever it was waiting for.
  const controller = new AbortController();
  const endsWithReader = place === undefined;
  if (endsWithReader) {
    c.req.raw.signal.addEventListener('abort', () => controller.abort(), { once: true });
    if (c.req.raw.signal.aborted) controller.abort();
  }
  try {
    const isChat = caller.owner.startsWith('browser:');
    const author = authorOf(caller, isChat);
    const keepWords = isChat ? settings().keepChatWords : settings().keepApiWords;
    const chat = toChatRequest(body, model.package.vocabularySize, {
      author,
      share: shareOf(c),
      keepWords,
    });
    const generation = await generator.start(deployment, chat, controller.signal);
    void generation.recorded.then(done);
    const events = generation.events(controller.signal);
    const kept = place && (await begin(conversations, place, generation, controller));
    return await sendAnswer({
      logger,
      model,
      generation,
      events: kept ? kept.keep(events) : events,
      base: {
        id: `chatcmpl-${generation.id}`,
        created: Math.floor(generation.createdAt / 1000),
        model: model.package.id,
      },
      body,
      onReaderGone: () => {
        if (endsWithReader) controller.abort();
      },
      headers: {
        'x-request-id': generation.id,
        'x-potluck-route': generation.route,
        ...(kept ? { [conversationHeaders.message]: kept.messageId } : {}),
        'server-timing': `accept;dur=${(performance.now() - started).toFixed(1)}`,
      },
    });
  } catch (error) {
    done();
    throw error;
  }
}

/** What a client hears who asks for a model that is not here. */
export function unknownModel(asked: string, served: readonly Deployment[]): ApiError {
  const names = served.map(({ model }) => `'${model.package.id}'`).join(', ');
  const hint = names === '' ? 'none is deployed' : `${names} ${served.length === 1 ? 'does' : 'do'}`;
  return new ApiError(404, `The model '${asked}' does not exist here; ${hint}.`, {
    code: 'model_not_found',
    param: 'model',
  });
}

function authorOf({ owner, key }: Caller, isChat: boolean): RequestAuthor {
  return { owner, keyId: key?.id ?? null, keyName: key?.name ?? null, source: isChat ? 'chat' : 'api' };
}

/** Takes one of the places that the caller's key has. @returns a function that gives it back */
async function takePlace(
  { key }: Caller,
  model: string,
  { keyUse }: Pick<ChatComponents, 'keyUse'>,
): Promise<() => void> {
  if (!key) return () => undefined;
  if (key.limits.models && !key.limits.models.includes(model)) {
    throw new ApiError(403, `The key '${key.name}' may not ask '${model}'.`, {
      code: 'model_not_allowed',
      param: 'model',
    });
  }
  const begun = await keyUse.begin(key);
  if (typeof begun === 'function') return begun;
  const { message, retryAfterSeconds } = begun;
  throw new ApiError(429, message, { code: 'rate_limit_exceeded', retryAfterSeconds });
}

async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text();
  try {
    const parsed = parseJson(text);
    await turnAfter(text);
    return parsed;
  } catch (cause) {
    throw new ApiError(400, `The body is not valid JSON: ${messageOf(cause)}.`, { cause });
  }
}

/** Begins the message that keeps the answer; where that fails, the generation must not go on. */
async function begin(
  conversations: ConversationKeeper,
  place: AnswerPlace,
  generation: Generation,
  controller: AbortController,
): Promise<KeptAnswer> {
  try {
    return await conversations.begin(place, generation.id, generation.model);
  } catch (error) {
    controller.abort();
    await generation
      .events(controller.signal)
      .next()
      .catch(() => undefined);
    throw error;
  }
}
