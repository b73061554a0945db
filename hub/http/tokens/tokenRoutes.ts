/** `/tokenize`, `/detokenize` and `/apply-template`, in the shapes of llama.cpp and of vLLM at once. */
import { Hono, type Context } from 'hono';
import type { Model } from '../../models/model.ts';
import type { Tokenizer } from '../../models/tokenizer.ts';
import { ApiError } from '../apiError.ts';
import { refuseUnknownToken } from '../inference/generationFields.ts';
import { encodingFor } from '../inference/encodingFor.ts';
import type { EncodingComponents } from '../inference/inference.ts';
import { promptText } from '../inference/promptText.ts';
import { readJson } from '../inference/readJson.ts';
import { callableTools } from '../inference/tools.ts';
import { readChatBody } from '../openai/chatBody.ts';
import { messagesOf, renderOptionsOf } from '../openai/chatConversation.ts';
import { readDetokenizeBody, readTokenizeBody, type TokenizeRequest } from './tokenBodies.ts';

/** Routes to mount under `/` and under `/v1`. No devices are needed for them. */
export function tokenRoutes(components: EncodingComponents): Hono {
  const app = new Hono();
  app.post('/tokenize', async (c) => {
    const body = readTokenizeBody(await readJson(c));
    const { model, tokens } = await tokensOf(c, components, body);
    return c.json({
      tokens: body.with_pieces ? tokens.map((id) => ({ id, piece: pieceOf(id, model.tokenizer) })) : tokens,
      count: tokens.length,
      max_model_len: model.package.contextLength,
      token_strs: body.return_token_strs ? tokens.map((id) => textOf(id, model.tokenizer)) : null,
    });
  });
  app.post('/detokenize', async (c) => {
    const body = readDetokenizeBody(await readJson(c));
    const { model } = await encodingFor(c, components, body.model);
    const { vocabularySize, contextLength } = model.package;
    if (body.tokens.length > contextLength) {
      const message = `'tokens': takes at most ${contextLength} tokens, the longest text of this model`;
      throw new ApiError(400, message, { param: 'tokens' });
    }
    for (const token of body.tokens) refuseUnknownToken(token, 'tokens', vocabularySize);
    const text = promptText(body.tokens, model.tokenizer);
    return c.json({ content: text, prompt: text });
  });
  app.post('/apply-template', async (c) => {
    const { model, tokens } = await conversationTokens(c, components, await readJson(c));
    return c.json({ prompt: promptText(tokens, model.tokenizer) });
  });
  return app;
}

interface Encoded {
  model: Model;
  tokens: number[];
}

async function tokensOf(c: Context, components: EncodingComponents, body: TokenizeRequest): Promise<Encoded> {
  const { content, prompt, conversation, parse_special: parsesSpecial } = body;
  if (conversation) return conversationTokens(c, components, conversation);
  const text = content ?? prompt;
  if (text === undefined) {
    const message = "'content' is missing: a text to tokenize. vLLM's 'prompt' and 'messages' will do, too.";
    throw new ApiError(400, message, { param: 'content' });
  }
  const encoding = await encodingFor(c, components, body.model);
  const addsSpecial = body.add_special ?? body.add_special_tokens ?? content === undefined;
  return { model: encoding.model, tokens: await encoding.textPromptOf(text, addsSpecial, !parsesSpecial) };
}

async function conversationTokens(
  c: Context,
  components: EncodingComponents,
  given: unknown,
): Promise<Encoded> {
  const body = readChatBody(given);
  const { model, promptOf } = await encodingFor(c, components, body.model);
  const tools = callableTools(body, model);
  return { model, tokens: await promptOf(messagesOf(body), { ...renderOptionsOf(body), tools }) };
}

function textOf(token: number, { specialText, tokenBytes }: Tokenizer): string {
  return specialText(token) ?? new TextDecoder().decode(tokenBytes(token));
}

/** Text, or the bytes of a part of a character, as llama.cpp writes them. */
function pieceOf(token: number, tokenizer: Tokenizer): string | number[] {
  const special = tokenizer.specialText(token);
  if (special !== undefined) return special;
  const bytes = tokenizer.tokenBytes(token);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return [...bytes];
  }
}
