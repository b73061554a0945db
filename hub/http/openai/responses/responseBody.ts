/** The body of a request to `/v1/responses`. */
import { z } from 'zod';
import { ApiError } from '../../apiError.ts';
import {
  checkGenerationFields,
  generationFields,
  refuseManyBiases,
} from '../../inference/generationFields.ts';
import { ReasoningEffort } from '../../inference/reasoningFields.ts';
import { bodyReader, tooMany, unsupportedParameter } from '../../inference/readBody.ts';
import { TemplateVariables } from '../../inference/templateVariables.ts';
import { readItems, type InputItem } from './inputItems.ts';
import { responseToolFields } from './responseTools.ts';
import { TextFormat, wantedOf } from './textFormat.ts';

/** What a response may hold beside its text. What this hub never has is included by leaving it out. */
const includable = [
  ...['file_search_call.results', 'web_search_call.results', 'web_search_call.action.sources'],
  ...[
    'message.input_image.image_url',
    'computer_call_output.output.image_url',
    'code_interpreter_call.outputs',
  ],
  ...['reasoning.encrypted_content', 'message.output_text.logprobs'],
] as const;
const Include = z.array(z.enum(includable)).max(20);

const maxPairs = 16;
const Metadata = z
  .record(z.string().max(64), z.string().max(512), {
    error: 'takes texts by names: at most 16, with names of at most 64 and texts of at most 512 characters',
  })
  .refine((pairs) => Object.keys(pairs).length <= maxPairs, `takes at most ${maxPairs} pairs`);

const Text = z.looseObject({
  format: TextFormat.nullish(),
  verbosity: z.enum(['low', 'medium', 'high']).nullish(),
});
const Reasoning = z.looseObject({
  effort: ReasoningEffort.nullish(),
  summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
  generate_summary: z.enum(['auto', 'concise', 'detailed']).nullish(),
  context: z.enum(['auto', 'current_turn', 'all_turns']).nullish(),
  mode: z.string().max(100).nullish(),
});
const Hint = z.string().max(1000);

// Of the generation's fields, those that this API calls otherwise, or does not have.
const {
  n: _n,
  max_tokens: _maxTokens,
  n_predict: _nPredict,
  stream_options: _streamOptions,
  ...sharedFields
} = generationFields;

/** What this surface honours. */
export const ResponseBody = z.object({
  ...sharedFields,
  ...responseToolFields,
  input: z
    .union([z.string(), z.array(z.unknown())], { error: 'must be a text or a list of items' })
    .optional(),
  instructions: z.string().optional(),
  previous_response_id: z.string().max(200).optional(),
  store: z.boolean().default(true),
  background: z.boolean().default(false),
  max_output_tokens: z
    .int({ error: 'must be a whole number of tokens, at least 1' })
    .min(1, 'must be at least 1')
    .optional(),
  max_tool_calls: z.int().min(1).optional(),
  top_logprobs: z.int().min(0).max(20).optional(),
  include: Include.optional(),
  truncation: z.enum(['auto', 'disabled']).default('disabled'),
  reasoning: Reasoning.optional(),
  text: Text.optional(),
  metadata: Metadata.optional(),
  stream_options: z.looseObject({ include_obfuscation: z.boolean().nullish() }).optional(),
  chat_template_kwargs: TemplateVariables.optional(),
  enable_thinking: z.boolean().optional(),
  prompt_cache_key: Hint.optional(),
  safety_identifier: Hint.optional(),
  user: Hint.optional(),
});
type Parsed = z.infer<typeof ResponseBody>;
export type ResponseBody = Omit<Parsed, 'input'> & { input: InputItem[] };

const maxItems = 10_000;

const read = bodyReader(ResponseBody, (fields) => {
  refuseManyBiases(fields);
  const { input } = fields;
  if (Array.isArray(input) && input.length > maxItems) throw tooMany('input', `${maxItems} items`);
});

/** @throws ApiError 400 with `param` naming what is wrong */
export function readResponseBody(value: unknown): ResponseBody {
  const { input, ...parsed } = read(value);
  checkGenerationFields(parsed);
  const body: ResponseBody = { ...parsed, input: readItems(input ?? []) };
  refuseUnsupported(body);
  if (body.input.length === 0 && body.previous_response_id === undefined && body.instructions === undefined) {
    throw new ApiError(400, "'input' is missing: it is what is asked, a text or a list of items", {
      param: 'input',
    });
  }
  return body;
}

function refuseUnsupported(body: ResponseBody): void {
  const { text, background, store, stream_options: options, reasoning } = body;
  wantedOf(text?.format);
  if (text?.verbosity && text.verbosity !== 'medium') throw unsupportedParameter('text.verbosity');
  if (reasoning?.mode && reasoning.mode !== 'standard') throw unsupportedParameter('reasoning.mode');
  if (options?.include_obfuscation) throw unsupportedParameter('stream_options.include_obfuscation');
  if (background && !store) {
    throw new ApiError(
      400,
      "'background' needs 'store' to be true: where nothing is kept, nobody could ask for the answer.",
      { param: 'background' },
    );
  }
}
