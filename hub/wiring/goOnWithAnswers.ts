/** Goes on with the answers that belong to no open connection: those of conversations, and responses in the background. */
import { setTimeout } from 'node:timers/promises';
import { conversationHeaders } from '@potluck/api';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { WriteQueue } from '../files/writeQueue.ts';
import type { JournalEntry } from '../generation/journal/journalEntry.ts';
import type { SuspendedAnswers } from '../generation/journal/suspendedAnswers.ts';
import { readError } from '../front/errorFor.ts';
import { responseIdOf } from '../http/openai/responses/responseShapes.ts';

export interface GoingOnComponents {
  suspended: SuspendedAnswers;
  /** Asks once more for the answer. */
  goOn: (entry: JournalEntry) => Promise<Response>;
  logger: Logger;
}

const againAfterMs = 1000;

/** Asks for each of them, again and again while no devices serve its model. @param signal ends that */
export async function goOnWithAnswers(components: GoingOnComponents, signal: AbortSignal): Promise<void> {
  const { suspended } = components;
  const own = suspended.list.filter(({ asked }) => asked.own);
  await Promise.all(own.map((entry) => goOnWith(components, entry, signal)));
}

async function goOnWith(
  { suspended, goOn, logger }: GoingOnComponents,
  entry: JournalEntry,
  signal: AbortSignal,
): Promise<void> {
  const { id, author } = entry;
  while (!signal.aborted && suspended.find(author.owner, id)) {
    const response = await goOn(entry);
    if (response.ok) {
      // As a reader that goes away: the answer is kept.
      await response.body?.cancel();
      return;
    }
    const text = await response.text();
    const reason = readError(text)?.message ?? text;
    logger.warn({ request: id, reason }, 'an answer of the last run does not go on yet');
    if (response.status !== 503) suspended.drop(id);
    await setTimeout(againAfterMs, undefined, { ref: false, signal }).catch(() => undefined);
  }
}

/** Says of an answer's message or response that nobody goes on with it. */
export function leaveInterrupted(
  { database, writes }: { database: Pick<Database, 'conversations' | 'responses'>; writes: WriteQueue },
  { id, author, asked }: JournalEntry,
): void {
  if (!asked.own) return;
  const { headers } = asked.own;
  const conversationId = headers[conversationHeaders.conversation];
  writes.write('an interrupted answer', async () => {
    if (conversationId !== undefined) {
      const messageId = headers[conversationHeaders.message] ?? id;
      await database.conversations.changeMessage(conversationId, messageId, { status: 'interrupted' });
      return;
    }
    const responseId = responseIdOf(id);
    const row = await database.responses.find(author.owner, responseId);
    if (row) await database.responses.finish(author.owner, responseId, { ...row, status: 'interrupted' });
  });
}
