/** The answer to a request that a former run of the hub began to answer: prompt and constraint are the former ones. */
import type { JournalEntry } from '../../generation/journal/journalEntry.ts';
import { refuseSeveral, startGeneration, type AnswerSource, type StartingParts } from './startGeneration.ts';

/** @param suspended what the former run noted */
export function resumedInference(parts: StartingParts, suspended: JournalEntry): AnswerSource {
  const { id, components } = parts;
  const { prompt, constraint, author, share } = suspended;
  return {
    promptOf: () => Promise.resolve(prompt),
    textPromptOf: () => Promise.resolve(prompt),
    // What the former run tried.
    heldTo: () => Promise.resolve(constraint),
    start: async ([request, ...more]) => {
      refuseSeveral(parts, more);
      const own = { author, share, suspended, ...(id ? { id } : {}) };
      const generation = await startGeneration(parts, request, own);
      components.goingOn.suspended.went(suspended);
      parts.onAllStarted([generation]);
      return [generation];
    },
  };
}
