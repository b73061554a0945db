/** What a model is told, and how it draws: as the conversation says, else as the operator chose for the model. */
import type { ModelDefaults, Sampling } from '@potluck/api';

/** Small models ramble at the API's own default, which is 1. */
const ownSampling: Sampling = { temperature: 0.4, top_p: 0.9 };

/** What a model is told, and how it draws, where a conversation says nothing. */
export function settingsOfModel(defaults: ModelDefaults | null | undefined): ModelDefaults {
  return {
    systemPrompt: defaults?.systemPrompt ?? '',
    sampling: { ...ownSampling, ...defaults?.sampling },
  };
}

/** The system prompt and the sampling that are sent. */
export function effectiveSettings(
  { systemPrompt, sampling }: ModelDefaults,
  defaults: ModelDefaults | null | undefined,
): ModelDefaults {
  const model = settingsOfModel(defaults);
  return {
    systemPrompt: systemPrompt.trim() === '' ? model.systemPrompt : systemPrompt,
    sampling: { ...model.sampling, ...sampling },
  };
}
