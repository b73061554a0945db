/** `POST /v1/responses/input_tokens`: how long the prompt of a response would be. */
import type { Context } from 'hono';
import type OpenAI from 'openai';
import { encodingFor } from '../../inference/encodingFor.ts';
import { readJson } from '../../inference/readJson.ts';
import { conversationItems } from './conversationItems.ts';
import { readResponseBody } from './responseBody.ts';
import { responsePrompt } from './responsePrompt.ts';
import type { ResponseParts } from './startResponse.ts';

export async function countInputTokens(c: Context, parts: ResponseParts): Promise<Response> {
  const body = readResponseBody(await readJson(c));
  const items = await conversationItems(parts, c.var.caller.owner, body);
  const { model, promptOf } = await encodingFor(c, parts, body.model);
  const { messages, tools, render } = responsePrompt(body, items, model);
  const prompt = await promptOf(messages, { ...render, tools });
  const answer = {
    object: 'response.input_tokens',
    input_tokens: prompt.length,
  } satisfies OpenAI.Responses.InputTokenCountResponse;
  return c.json(answer);
}
