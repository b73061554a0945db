/** What the operator chose for a model where a request says nothing. */
import type { ModelDefaults } from '@potluck/api';
import type { ChatMessage } from '../../models/chatFormat.ts';
import { definedOnly, settingsOf } from './generationFields.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';

/** The conversation, with the model's system prompt where it has none of its own. */
export function withSystemPrompt(
  messages: ChatMessage[],
  defaults: ModelDefaults | undefined,
): ChatMessage[] {
  const content = defaults?.systemPrompt.trim() ?? '';
  const isTold = messages.some(({ role }) => role === 'system');
  return content === '' || isTold ? messages : [{ role: 'system', content }, ...messages];
}

/** A request, with the model's sampling where it says nothing. */
export function withSampling<
  T extends Pick<SurfaceRequest, 'sampling' | 'maxTokens' | 'minTokens' | 'stopStrings'>,
>(request: T, defaults: ModelDefaults | undefined): T {
  if (!defaults) return request;
  const { sampling, maxTokens, stopStrings } = settingsOf(
    { stream: false, ...definedOnly(defaults.sampling) },
    { vocabularySize: 0, topLogprobs: undefined },
  );
  const takesLength = request.maxTokens === undefined && (request.minTokens ?? 0) <= (maxTokens ?? 0);
  return {
    ...request,
    sampling: { ...sampling, ...request.sampling },
    stopStrings: request.stopStrings.length > 0 ? request.stopStrings : stopStrings,
    ...(takesLength && maxTokens !== undefined ? { maxTokens } : {}),
  };
}
