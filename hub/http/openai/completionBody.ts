/** The body of a request for a text completion. */
import { z } from 'zod';
import { ApiError } from '../apiError.ts';
import {
  checkGenerationFields,
  MaxTokensOrNone,
  generationFields,
  refuseManyBiases,
  reportFields,
} from '../inference/generationFields.ts';
import { grammarFields } from '../inference/wantedGrammar.ts';
import { bodyReader, tooMany, unsupportedParameter } from '../inference/readBody.ts';

/** Of one request, and answers to them in all. */
const maxPrompts = 128;
/** OpenAI's own, where a request does not say. */
export const defaultMaxTokens = 16;
/** With `echo`, of all prompts and choices together, alternatives included. */
const maxPromptLogprobs = 2 ** 18;
const Tokens = z.array(z.int().min(0)).min(1);

/** What this surface honours. */
export const CompletionBody = z.object({
  ...generationFields,
  ...grammarFields,
  ...reportFields,
  max_tokens: MaxTokensOrNone.optional(),
  n_predict: MaxTokensOrNone.optional(),
  prompt: z.union([z.string(), z.array(z.string()).min(1), Tokens, z.array(Tokens).min(1)], {
    error: 'must be a text, a list of texts, a list of token ids, or a list of such lists',
  }),
  best_of: z.int().min(1).optional(),
  echo: z.boolean().default(false),
  logprobs: z.int().min(0).max(20).optional(),
  add_special_tokens: z.boolean().default(true),
});
export type CompletionBody = z.infer<typeof CompletionBody>;

/** One prompt: a text, or token ids. */
export type CompletionPrompt = string | number[];

const read = bodyReader(CompletionBody, (fields) => {
  refuseManyBiases(fields);
  const { prompt, suffix } = fields;
  if (suffix !== undefined && suffix !== '') {
    throw unsupportedParameter(
      'suffix',
      "Put the text before and after the gap into 'prompt', with the model's own tokens for them.",
    );
  }
  if (Array.isArray(prompt) && typeof prompt[0] !== 'number' && prompt.length > maxPrompts) {
    throw tooMany('prompt', `${maxPrompts} prompts`);
  }
});

/** @throws ApiError 400 with `param` naming what is wrong */
export function readCompletionBody(value: unknown): CompletionBody {
  const body = read(value);
  checkGenerationFields(body);
  if (body.best_of !== undefined && body.best_of !== body.n) {
    throw unsupportedParameter(
      'best_of',
      "It must be the same as 'n': this hub answers with all that it draws.",
    );
  }
  const answers = promptsOf(body).length * body.n;
  if (answers > maxPrompts) {
    throw tooMany('n', `${maxPrompts} answers in all, and n for each prompt makes ${answers}`);
  }
  const { n_predict: limit = defaultMaxTokens } = body;
  return { ...body, max_tokens: body.max_tokens ?? limit };
}

/** How many alternatives to tell of each token of the prompt; undefined where the prompt's tokens are not asked for. */
export function promptAlternatives({ echo, logprobs }: CompletionBody): number | undefined {
  return echo ? logprobs : undefined;
}

/** @param prompts token ids @throws ApiError 400 where more is asked of the prompts' tokens than one answer may hold */
export function refuseManyScores(body: CompletionBody, prompts: readonly number[][]): void {
  const alternatives = promptAlternatives(body);
  if (alternatives === undefined) return;
  const tokens = body.n * prompts.reduce((sum, { length }) => sum + length, 0);
  const asked = tokens * (alternatives + 1);
  if (asked <= maxPromptLogprobs) return;
  throw tooMany(
    'logprobs',
    `${maxPromptLogprobs} log probabilities of prompts, and ${tokens} tokens with ${alternatives} alternatives each make ${asked}`,
  );
}

/** @throws ApiError 400 if a prompt is empty */
export function promptsOf({ prompt }: CompletionBody): [CompletionPrompt, ...CompletionPrompt[]] {
  const isOne = typeof prompt === 'string' || typeof prompt[0] === 'number';
  const prompts = (isOne ? [prompt] : prompt) as [CompletionPrompt, ...CompletionPrompt[]];
  if (prompts.some((one) => one.length === 0)) {
    throw new ApiError(400, "'prompt': there is nothing in it to go on with", { param: 'prompt' });
  }
  return prompts;
}
