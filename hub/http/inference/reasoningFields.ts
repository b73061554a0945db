/** How much a model is to think, as OpenAI's surfaces ask for it. */
import { z } from 'zod';
import { definedOnly } from './generationFields.ts';

/** As OpenAI has them; which of them a model tells apart is its template's matter. */
export const ReasoningEffort = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'], {
  error: 'must be none, minimal, low, medium, high, xhigh or max',
});
export type ReasoningEffort = z.infer<typeof ReasoningEffort>;

export interface ThinkingFields {
  effort: ReasoningEffort | undefined;
  enable_thinking?: boolean | undefined;
  chat_template_kwargs?: Record<string, unknown> | undefined;
}

/** Variables of the template. Where nothing is to be thought, models are told so that know no efforts, too. */
export function thinkingVariables(fields: ThinkingFields): Record<string, unknown> {
  const { effort, enable_thinking: enables, chat_template_kwargs: variables } = fields;
  return definedOnly({
    reasoning_effort: effort,
    enable_thinking: enables ?? (effort === 'none' ? false : undefined),
    ...variables,
  });
}
