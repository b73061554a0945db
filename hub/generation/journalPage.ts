/** What the journal keeps of an answer that begins, or goes on. */
import type { AnswerInit } from './attempts.ts';
import type { GenerationInit } from './generationInit.ts';
import type { GenerationRequest } from './generationRequest.ts';
import type { Journal, JournalPage } from './journal/journal.ts';
import { modelDigest, type JournalState } from './journal/journalEntry.ts';

/** @returns undefined where no other run of the hub is to go on with the answer */
export function journalPage(
  journal: Journal,
  { suspended, asked, author, stream, choice }: GenerationRequest,
  init: AnswerInit,
  { id, createdAt }: Pick<GenerationInit, 'id' | 'createdAt'>,
  state: () => JournalState,
): JournalPage | undefined {
  if (suspended) return journal.reopen(suspended, state);
  // The scores of a prompt are not written down.
  if (!asked || init.scored) return undefined;
  const {
    model: { package: about },
    prompt,
    tokens: _,
    owner: cacheOwner,
    cachedTokens: _cached,
    scored: _none,
    ...rest
  } = init;
  const opening = { id, createdAt, model: about.id, modelDigest: modelDigest(about) };
  const place = choice ? { choice: { of: id, ...choice } } : {};
  return journal.open({ ...rest, ...opening, ...place, cacheOwner, author, stream, asked }, prompt, state);
}
