/** Where the answer to a request begins: a former run of the hub may have left it unfinished. */
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { requestHeader } from '@potluck/api';
import type { SessionId } from '@potluck/protocol';
import type { Context } from 'hono';
import type { WriteQueue } from '../../files/writeQueue.ts';
import type { GenerationRequest } from '../../generation/generationRequest.ts';
import { seedBound } from '../../generation/generator.ts';
import type { AskedRequest, JournalEntry } from '../../generation/journal/journalEntry.ts';
import type { SuspendedAnswers } from '../../generation/journal/suspendedAnswers.ts';
import type { RequestRecord } from '../../generation/requestRecord.ts';
import type { RequestStore } from '../../generation/requestStore.ts';
import { ApiError } from '../apiError.ts';
import { passedOnOf } from '../passedOn.ts';

export interface SuspendedComponents {
  /** Answers that a former run of the hub left unfinished. */
  suspended: SuspendedAnswers;
  requests: Pick<RequestStore, 'find'>;
  writes: Pick<WriteQueue, 'settled'>;
  /** True while the database's server does not answer: requests that are new do not wait for it. */
  isAway: () => boolean;
  /** True while this run answers the request of that id. */
  isAnswering: (id: string) => boolean;
}

/** What an answer that begins with its first token is drawn by. */
export type Draws = Required<Pick<GenerationRequest, 'isAnew' | 'seedToDraw'>>;

/** How the answer to a request begins: it goes on where a former run of the hub left it, or with its first token. */
export type Beginning = { suspended: JournalEntry } | { suspended?: undefined; draws: Draws };

/** A connection that was lost ends its answer a little later, in milliseconds. */
const mostEndingMs = 2000;
const lookAgainMs = 50;

/** What the client says of its request. */
export interface NamedBeginning {
  id: SessionId | undefined;
  asked: AskedRequest | undefined;
  /** Events that the client has, of each answer. */
  eventsRead: readonly number[] | undefined;
}

/**
 * Looks for what there is of the answer, where the request has an id. What was begun and can't go on is drawn as before.
 * While the database is away, a request of which nobody has seen a part begins: the hub's memory knows what goes on.
 * @throws ApiError 409 where there is nothing that could go on, or the request is another one
 * @throws DatabaseUnreachableError where a part was seen, and the database is away
 */
export async function beginningOf(
  c: Context,
  components: SuspendedComponents,
  { id, asked, eventsRead = [] }: NamedBeginning,
): Promise<Beginning> {
  const { owner } = c.var.caller;
  const { suspended } = components;
  const passedOn = passedOnOf(c)?.answer;
  const isAgain = passedOn?.isAgain === true;
  const asNew = { draws: { isAnew: isAgain, seedToDraw: passedOn?.seed ?? randomInt(seedBound) } };
  if (id === undefined) return asNew;
  const isSeen = isAgain || eventsRead.some((count) => count > 0);
  const until = performance.now() + mostEndingMs;
  for (;;) {
    const entry = suspended.find(owner, id);
    if (entry) {
      if (entry.asked.path === asked?.path && entry.asked.bodyHash === asked.bodyHash)
        return { suspended: entry };
      throw refused(`The request ${id} was another one: send the same body to the same path.`);
    }
    // Its client was here before, and its connection may just be lost.
    if (!suspended.isTaken(owner, id)) {
      const before = await recordOf(id, components, !isSeen);
      if (before === 'unknown') {
        if (suspended.has(id)) throw isAnothers();
        // A former session of this id, if there was one, is none of this answer.
        if (!components.isAnswering(id)) return { draws: { ...asNew.draws, isAnew: true } };
      } else {
        const begun = before ? beginningAgain(before, owner, isAgain) : asNew;
        // Other draws would go on with other words than those that the client has.
        if (!before && !isAgain && isSeen)
          throw refused(`The hub knows no request ${id} to go on with. Ask anew, with another id.`);
        if (begun) return begun;
      }
    }
    if (performance.now() > until) throw refused(`The request ${id} is being answered.`);
    await setTimeout(lookAgainMs);
  }
}

/**
 * What is kept of a request.
 * @param mayBeUnknown false where the answer must not begin without that
 * @returns `unknown` while the database is away
 */
async function recordOf(
  id: SessionId,
  { requests, writes, isAway }: SuspendedComponents,
  mayBeUnknown: boolean,
): Promise<RequestRecord | 'unknown' | undefined> {
  // Who asks a server that is away waits long for nothing.
  if (mayBeUnknown && isAway()) return 'unknown';
  await writes.settled();
  try {
    return await requests.find(id);
  } catch (error) {
    if (mayBeUnknown && isAway()) return 'unknown';
    throw error;
  }
}

/** @returns undefined while it is answered @throws ApiError 409 */
function beginningAgain(
  { id, owner: whose, status, seed }: RequestRecord,
  owner: string,
  isAgain: boolean,
): Beginning | undefined {
  if (whose !== owner) throw isAnothers();
  if (status === 'running') return undefined;
  // Its connection was lost, perhaps with another hub in between.
  if (status === 'cancelled' || isAgain) return { draws: { isAnew: true, seedToDraw: seed } };
  if (status === 'interrupted')
    throw refused(`The request ${id} waited too long for its client. Ask anew, with another id.`);
  throw refused(`The request ${id} has ended. Ask anew, with another id.`);
}

function isAnothers(): ApiError {
  return refused('There is a request with this id. Draw another UUID.');
}

function refused(message: string): ApiError {
  return new ApiError(409, message, { code: 'conflict', param: requestHeader });
}
