/** From a chat body to what the generator takes. */
import type { ChatRequest } from '../../generation/generator.ts';
import type { ChatMessage } from '../../models/tokenizer.ts';
import { ApiError } from '../apiError.ts';
import type { ChatBody } from './chatBody.ts';

/** @throws ApiError 400 if a token of `logit_bias` is not in the vocabulary */
export function toChatRequest(
  body: ChatBody,
  vocabularySize: number,
  author: Pick<ChatRequest, 'author' | 'share' | 'keepWords'>,
): ChatRequest {
  const limits = [body.max_tokens, body.max_completion_tokens].filter((limit) => limit !== undefined);
  return {
    ...author,
    messages: body.messages.map(toMessage),
    // Clients that send both mean the smaller one.
    ...(limits.length > 0 ? { maxTokens: Math.min(...limits) } : {}),
    stopStrings: [body.stop ?? []].flat(),
    templateVariables: definedOnly({ reasoning_effort: body.reasoning_effort, ...body.chat_template_kwargs }),
    stream: body.stream,
    sampling: definedOnly({
      temperature: body.temperature,
      topP: body.top_p,
      // -1 keeps all tokens, as in vLLM.
      topK: body.top_k === undefined ? undefined : Math.max(0, body.top_k),
      minP: body.min_p,
      repetitionPenalty: body.repetition_penalty,
      frequencyPenalty: body.frequency_penalty,
      presencePenalty: body.presence_penalty,
      logitBias: body.logit_bias && toLogitBias(body.logit_bias, vocabularySize),
      topLogprobs: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
      seed: body.seed === undefined || body.seed === -1 ? undefined : toSeed(body.seed),
    }),
  };
}

function toMessage({ role, content, name }: ChatBody['messages'][number]): ChatMessage {
  const text = typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join('');
  return {
    role: role === 'developer' ? 'system' : role,
    content: text.toWellFormed(),
    ...(typeof name === 'string' ? { name: name.toWellFormed() } : {}),
  };
}

function toLogitBias(biases: Record<string, number>, vocabularySize: number): [number, number][] {
  return Object.entries(biases).map(([token, bias]) => {
    if (Number(token) < vocabularySize) return [Number(token), bias];
    throw new ApiError(400, `Token ${token} is not in the vocabulary of ${vocabularySize} tokens.`, {
      param: 'logit_bias',
    });
  });
}

/**
 * Seeds on the wire have 53 bits, so that a number holds them exactly. Those from 0 to 2^53 - 1 stay as they are; of the
 * others the high bits are mixed into the low ones, so that seeds that differ only there draw differently.
 */
export function toSeed(seed: number | bigint): number {
  const bits = BigInt.asUintN(64, BigInt(seed));
  return Number(BigInt.asUintN(53, bits) ^ ((bits >> 53n) << 42n));
}

/** Leaves undefined properties out. */
function definedOnly<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
