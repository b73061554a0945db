/**
 * Parameters that programs send to OpenAI, vLLM, llama.cpp and Ollama. A surface honours those that its schema has; of
 * the others it refuses those that would change the answer, and lets hints pass. Names that nobody knows pass, too.
 */

import { z } from 'zod';

/** True for the values of a parameter that ask for nothing. */
type AsksForNothing = (value: unknown) => boolean;

const never: AsksForNothing = () => false;
const is =
  (...values: unknown[]): AsksForNothing =>
  (value) =>
    values.includes(value);
const isEmpty: AsksForNothing = (value) =>
  Array.isArray(value)
    ? value.length === 0
    : typeof value === 'object' && Object.keys(value ?? {}).length === 0;
const isNegative: AsksForNothing = (value) => typeof value === 'number' && value < 0;
const isText: AsksForNothing = (value) => (value as { type?: unknown } | null)?.type === 'text';

/** What changes an answer, with the values that change nothing. */
export const answerParameters: Readonly<Record<string, AsksForNothing>> = {
  // OpenAI
  access_programs: never,
  audio: never,
  background: is(false),
  best_of: is(1),
  // A list at OpenAI; Anthropic's, an object, only says what may be left out.
  context_management: (value) =>
    isEmpty(value) || (typeof value === 'object' && value !== null && 'edits' in value),
  conversation: never,
  echo: is(false),
  frequency_penalty: is(0),
  function_call: is('none', 'auto'),
  functions: isEmpty,
  generate: is(true),
  image: never,
  include: isEmpty,
  input: isEmpty,
  instructions: never,
  logit_bias: isEmpty,
  logprobs: is(false),
  max_completion_tokens: never,
  max_output_tokens: never,
  max_tokens: never,
  max_tool_calls: never,
  messages: isEmpty,
  modalities: (value) => Array.isArray(value) && value.every((one) => one === 'text'),
  moderation: never,
  n: is(1),
  parallel_tool_calls: is(true),
  presence_penalty: is(0),
  previous_response_id: never,
  prompt: never,
  reasoning: never,
  reasoning_effort: never,
  response_format: isText,
  seed: never,
  service_tier: is('auto', 'default'),
  stop: isEmpty,
  store: is(false),
  suffix: is(''),
  temperature: never,
  text: never,
  tool_choice: is('none', 'auto'),
  tools: isEmpty,
  top_logprobs: is(0),
  top_p: is(1),
  truncation: is('disabled'),
  verbosity: is('medium'),
  web_search_options: never,
  // vLLM
  add_generation_prompt: is(true),
  add_special_tokens: never,
  allowed_token_ids: isEmpty,
  bad_words: isEmpty,
  cache_salt: never,
  chat_template: never,
  chat_template_kwargs: isEmpty,
  continue_final_message: is(false),
  documents: isEmpty,
  ec_transfer_params: never,
  guided_choice: never,
  guided_decoding_backend: never,
  guided_grammar: never,
  guided_json: never,
  guided_regex: never,
  guided_whitespace_pattern: never,
  ignore_eos: is(false),
  include_reasoning: is(true),
  include_stop_str_in_output: is(false),
  kv_transfer_params: never,
  length_penalty: is(1),
  logprob_token_ids: isEmpty,
  logits_processors: isEmpty,
  media_io_kwargs: isEmpty,
  min_p: is(0),
  min_tokens: is(0),
  mm_processor_kwargs: isEmpty,
  prompt_embeds: never,
  prompt_logprobs: is(0, false),
  repetition_detection: never,
  repetition_penalty: is(1),
  return_prompt_text: is(false),
  return_token_ids: is(false),
  return_tokens_as_token_ids: is(false),
  skip_special_tokens: is(true),
  spaces_between_special_tokens: is(true, false),
  stop_token_ids: isEmpty,
  structural_tag: never,
  structured_outputs: never,
  thinking_token_budget: never,
  top_k: is(-1, 0),
  truncate_prompt_tokens: never,
  truncation_side: is('right'),
  use_beam_search: is(false),
  vllm_xargs: isEmpty,
  watermarking: is(false),
  // llama.cpp
  adaptive_target: isNegative,
  dry_multiplier: is(0),
  dynatemp_range: is(0),
  enable_thinking: never,
  generation_prompt: is(''),
  grammar: is(''),
  grammar_lazy: is(false),
  grammar_triggers: isEmpty,
  image_data: isEmpty,
  json_schema: never,
  lora: isEmpty,
  min_keep: is(0, 1),
  mirostat: is(0),
  n_cmpl: is(1),
  n_discard: is(0),
  n_indent: is(0),
  n_keep: is(0, -1),
  n_predict: never,
  n_probs: is(0),
  parse_tool_calls: is(true),
  post_sampling_probs: is(false),
  reasoning_budget: is(-1),
  reasoning_budget_tokens: is(-1),
  reasoning_control: is(false),
  reasoning_format: is('auto', 'deepseek'),
  repeat_last_n: is(-1),
  repeat_penalty: is(1),
  response_fields: isEmpty,
  return_progress: is(false),
  return_tokens: is(false),
  samplers: never,
  t_max_predict_ms: is(0, -1),
  tfs_z: is(1),
  timings_per_token: is(false),
  top_n_sigma: is(-1),
  typ_p: is(1),
  typical_p: is(1),
  verbose: is(false),
  xtc_probability: is(0),
  // Anthropic
  compaction: isEmpty,
  container: never,
  // Where it is computed: on the devices that are here.
  inference_geo: is('global', 'not_available'),
  max_tokens_to_sample: never,
  mcp_servers: isEmpty,
  output_config: isEmpty,
  output_format: isText,
  stop_sequences: isEmpty,
  thread: never,
  // Ollama
  format: is(''),
  context: isEmpty,
  height: is(0),
  images: isEmpty,
  keep_alive: never,
  options: isEmpty,
  raw: is(false),
  steps: is(0),
  template: never,
  think: never,
  width: is(0),
};

const someText = z.string({ error: 'must be a text' });
const someNumber = z.number({ error: 'must be a number' });
const wholeNumber = z.int({ error: 'must be a whole number' });
const yesOrNo = z.boolean({ error: 'must be true or false' });
const someObject = z.looseObject({}, { error: 'must be a JSON object' });

/** What changes nothing of an answer: who asks, how it is stored elsewhere, how it may be made faster. */
export const hintParameters: Readonly<Record<string, z.ZodType>> = {
  metadata: someObject,
  prediction: someObject,
  prompt_cache_key: someText,
  prompt_cache_options: someObject,
  prompt_cache_retention: someText,
  safety_identifier: someText,
  user: someText,
  priority: wholeNumber,
  request_id: someText,
  session_id: someText,
  stream_interval: wholeNumber,
  cache_prompt: yesOrNo,
  id_slot: wholeNumber,
  n_cache_reuse: wholeNumber,
  backend_sampling: yesOrNo,
  sse_ping_interval: wholeNumber,
  // Of samplers that are off: those are refused where they are on.
  adaptive_decay: someNumber,
  dry_allowed_length: someNumber,
  dry_base: someNumber,
  dry_penalty_last_n: someNumber,
  dynatemp_exponent: someNumber,
  mirostat_eta: someNumber,
  mirostat_tau: someNumber,
  xtc_threshold: someNumber,
  // Whoever is asked here never declines for a policy, and takes what time it takes.
  fallbacks: z.union([z.array(someObject), someText], { error: 'must be a list, or "default"' }),
  speed: someText,
  cache_control: someObject,
};

/** Parameters that ask for the same as another one does at another surface; the first that a surface has is named. */
const sameElsewhere: Readonly<Record<string, readonly string[]>> = {
  conversation: ['previous_response_id'],
  input: ['messages', 'prompt'],
  max_completion_tokens: ['max_output_tokens', 'max_tokens'],
  max_output_tokens: ['max_completion_tokens', 'max_tokens'],
  max_tokens: ['max_output_tokens'],
  messages: ['input', 'prompt'],
  n_predict: ['max_output_tokens', 'max_tokens'],
  prompt: ['messages', 'input'],
  reasoning: ['reasoning_effort'],
  reasoning_effort: ['reasoning'],
  response_format: ['text'],
  text: ['response_format'],
};

/** What a surface refuses, and what to say of it. */
export interface UnsupportedParameter {
  asksForNothing: AsksForNothing;
  /** True where no value passes. */
  isNever: boolean;
  /** What asks for the same there. */
  instead: string | undefined;
}

/** The parameters that a surface with these fields refuses, where they ask for something. */
export function unsupportedBeside(honoured: Iterable<string>): ReadonlyMap<string, UnsupportedParameter> {
  const own = new Set(honoured);
  return new Map(
    Object.entries(answerParameters)
      .filter(([name]) => !own.has(name))
      .map(([name, asksForNothing]) => {
        const instead = sameElsewhere[name]?.find((other) => own.has(other));
        return [name, { asksForNothing, isNever: asksForNothing === never, instead }];
      }),
  );
}
