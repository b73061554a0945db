/** The answers to a request that a former run of the hub began to answer: prompts and constraint are the former ones. */
import { requestHeader } from '@potluck/api';
import type { Generation } from '../../generation/generation.ts';
import type { JournalEntry } from '../../generation/journal/journalEntry.ts';
import { makeTextPrompt } from '../../generation/makePrompt.ts';
import { ApiError } from '../apiError.ts';
import { startGeneration, type AnswerSource, type StartingParts } from './startGeneration.ts';
import type { SurfaceRequest } from './surfaceRequest.ts';

/** @param suspended what the former run noted of each answer, in their order, at least one */
export function resumedInference(parts: StartingParts, suspended: readonly JournalEntry[]): AnswerSource {
  const { id, components, deployment, signal } = parts;
  const [first, ...others] = suspended;
  if (!first) throw new Error('a request that goes on has an answer');
  const { prompt, constraint, author, share } = first;
  let isStarted = false;
  const start = async (request: SurfaceRequest, entry: JournalEntry): Promise<Generation> => {
    const own = { author, share, suspended: entry, ...(id && entry === first ? { id } : {}) };
    const generation = await startGeneration(parts, request, own);
    components.goingOn.suspended.went(entry);
    return generation;
  };
  return {
    promptOf: () => Promise.resolve(prompt),
    // Several answers may be to several texts. Each goes on with its own former prompt in any case.
    textPromptOf: (text, addsSpecial) =>
      others.length === 0
        ? Promise.resolve(prompt)
        : makeTextPrompt(deployment.model, text, { addsSpecial, share, signal }),
    // What the former run tried.
    heldTo: () => Promise.resolve(constraint),
    start: async ([request, ...more]) => {
      // Answers that a surface starts later are not among these.
      if (isStarted || more.length !== others.length) throw isIncomplete(first.id);
      isStarted = true;
      const all: [Generation, ...Generation[]] = [await start(request, first)];
      for (const [index, entry] of others.entries())
        all.push(await start(more[index] as SurfaceRequest, entry));
      return all;
    },
  };
}

/** Some of the answers were not written before the hub was lost. */
function isIncomplete(id: string): ApiError {
  const message = `The hub has not kept all answers to the request ${id}. Ask anew, with another id.`;
  return new ApiError(409, message, { code: 'conflict', param: requestHeader });
}
