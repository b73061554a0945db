/** What a model is told, and how it draws: as the conversation says, else as the operator chose for the model. */
import type { ModelDefaults, Sampling } from '@potluck/api';

/** Small models ramble at the API's own default, which is 1. */
const ownSampling: Sampling = { temperature: 0.4, top_p: 0.9 };

/** How a model draws where a conversation says nothing. */
export function defaultSampling(defaults: ModelDefaults | null | undefined): Sampling {
  return { ...ownSampling, ...defaults?.sampling };
}

/** The system prompt and the sampling that are sent. */
export function effectiveSettings(
  { systemPrompt, sampling }: ModelDefaults,
  defaults: ModelDefaults | null | undefined,
): ModelDefaults {
  return {
    systemPrompt: systemPrompt.trim() === '' ? (defaults?.systemPrompt ?? '') : systemPrompt,
    sampling: { ...defaultSampling(defaults), ...sampling },
  };
}
