/** Responses, their items and their events in OpenAI's shape. */
import type { TokenLogprob } from '@potluck/protocol';
import type OpenAI from 'openai';
import type { AnswerLogprob } from '../../../generation/answer.ts';
import type { Generation } from '../../../generation/generation.ts';
import type { OutputUsage } from '../../../generation/output/outputEvents.ts';
import type { Model } from '../../../models/model.ts';
import { describeLogprob } from '../../inference/describeLogprob.ts';
import { usageBody } from '../answerShapes.ts';
import type { ResponseBody } from './responseBody.ts';

type Sdk = OpenAI.Responses.Response;

/** `output_text` is made by the client; the last three are asked for by the Open Responses schema. */
export type ResponseObject = Omit<Sdk, 'output_text'> & {
  store: boolean;
  presence_penalty: number;
  frequency_penalty: number;
};

type WithOurs<E> = E extends { response: Sdk } ? Omit<E, 'response'> & { response: ResponseObject } : E;
export type ResponseEvent = WithOurs<OpenAI.Responses.ResponseStreamEvent>;

export type OutputItem = OpenAI.Responses.ResponseOutputItem;
export type Logprob = OpenAI.Responses.ResponseOutputText.Logprob;

/** An item's id tells the response that it belongs to. @param place `in3`: of the input; `3`: of the output */
export function itemId(kind: string, requestId: string, place: string | number): string {
  return `${kind}_${requestId.replaceAll('-', '')}_${place}`;
}

export function responseIdOf(requestId: string): string {
  return `resp_${requestId.replaceAll('-', '')}`;
}

/** The response to which the item with this id belongs; undefined where it is no id of this hub's. */
export function responseIdOfItem(id: string): string | undefined {
  const hex = /^[a-z]+_([0-9a-f]{32})_(?:in)?\d+$/.exec(id)?.[1];
  return hex === undefined ? undefined : `resp_${hex}`;
}

/** A response as it is before anything of its answer is there. @param tools as they are told */
export function begunResponse(
  { id, createdAt }: Pick<Generation, 'id' | 'createdAt'>,
  { package: model }: Pick<Model, 'package'>,
  body: ResponseBody,
  tools: Record<string, unknown>[],
): ResponseObject {
  const { reasoning, text } = body;
  return {
    id: responseIdOf(id),
    object: 'response',
    created_at: Math.floor(createdAt / 1000),
    completed_at: null,
    status: body.background ? 'queued' : 'in_progress',
    background: body.background,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model: model.id,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: {
      effort: reasoning?.effort ?? null,
      summary: reasoning?.summary ?? reasoning?.generate_summary ?? null,
    },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: body.store,
    temperature: body.temperature ?? 1,
    text: {
      format: (text?.format ?? { type: 'text' }) as OpenAI.Responses.ResponseFormatTextConfig,
      verbosity: text?.verbosity ?? 'medium',
    },
    tool_choice: (body.tool_choice ?? 'auto') as ResponseObject['tool_choice'],
    tools: tools as unknown as OpenAI.Responses.Tool[],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    presence_penalty: body.presence_penalty ?? 0,
    frequency_penalty: body.frequency_penalty ?? 0,
    truncation: body.truncation,
    metadata: body.metadata ?? {},
    access_programs: null,
    // OpenAI's servers say so until there is one; OpenAI's types do not.
    usage: null as unknown as OpenAI.Responses.ResponseUsage,
    ...(body.user === undefined ? {} : { user: body.user }),
  };
}

export function responseUsage(usage: OutputUsage): OpenAI.Responses.ResponseUsage {
  const {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: totalTokens,
    prompt_tokens_details: prompt,
    completion_tokens_details: completion,
  } = usageBody([usage]);
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: prompt.cached_tokens, cache_write_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: completion.reasoning_tokens },
    total_tokens: totalTokens,
  };
}

/** Log probabilities with each token's text and bytes. */
export function responseLogprobs(
  entries: readonly AnswerLogprob[],
  tokenBytes: (token: number) => Uint8Array,
): Logprob[] {
  const describe = (one: TokenLogprob) => describeLogprob(one, tokenBytes);
  return entries.map((entry) => ({ ...describe(entry), top_logprobs: entry.top.map(describe) }));
}
