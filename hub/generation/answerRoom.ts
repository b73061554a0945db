/** How long an answer may be, and which replica has room for it. */
import { hubText } from '@potluck/api/hub-texts';
import { GenerationError } from './generationError.ts';
import { shortestWait, type ReplicaLoad } from './shortestWait.ts';

/** Longest answer where the request does not say, in tokens; less where the context or the caches are smaller. */
export const defaultMaxTokens = 4096;
/** Where the request does not say how long its answer may be, a replica serves it that has room for this part of what the roomiest gives. */
const goodEnough = 1 / 2;

export interface AskedLengths {
  promptTokens: number;
  /** Longest answer in tokens; undefined where the request does not say. */
  maxTokens: number | undefined;
  /** Of the model, in tokens. */
  contextLength: number;
}

/** A replica that serves. */
export interface RoomyReplica extends ReplicaLoad {
  /** Longest session that fits when no other is there, in tokens. */
  largestSession: number;
}

/**
 * The replica with the shortest way to an answer, of those that have room for the request.
 * @param replicas at least one
 * @returns the replica, and the longest answer there, in tokens
 * @throws GenerationError `context_length_exceeded` where the request is longer than the model or every replica takes
 */
export function chooseReplica<T extends RoomyReplica>(
  replicas: readonly T[],
  lengths: AskedLengths,
): { replica: T; maxTokens: number } {
  const { promptTokens, maxTokens: asked, contextLength } = lengths;
  const roomTokens = Math.max(...replicas.map(({ largestSession }) => largestSession));
  const left = Math.min(contextLength, roomTokens) - promptTokens;
  if (promptTokens >= contextLength) {
    throw contextLengthExceeded(
      contextLength,
      `${promptTokens} tokens in the prompt and at least 1 for the answer`,
    );
  }
  // As llama.cpp has it, an answer ends where the context does, however long it may be.
  const wanted = Math.min(
    asked ?? Math.max(1, Math.min(left, defaultMaxTokens)),
    contextLength - promptTokens,
  );
  if (wanted > left) throw roomExceeded(roomTokens, lengths);
  const least = promptTokens + (asked === undefined ? Math.ceil(goodEnough * wanted) : wanted);
  const replica = shortestWait(replicas.filter(({ largestSession }) => largestSession >= least));
  if (!replica) throw new Error('the roomiest replica has room');
  return { replica, maxTokens: Math.min(wanted, replica.largestSession - promptTokens) };
}

/** In the words that clients look for. */
export function contextLengthExceeded(contextLength: number, requested: string): GenerationError {
  return new GenerationError(
    'context_length_exceeded',
    hubText('context-exceeded', { tokens: contextLength, requested }),
  );
}

/** The model takes the request, and the devices that serve the model now do not. */
function roomExceeded(roomTokens: number, { promptTokens, maxTokens }: AskedLengths): GenerationError {
  const answer = maxTokens === undefined ? '' : `, and its answer may have ${maxTokens}`;
  const isPromptTooLong = maxTokens === undefined || promptTokens >= roomTokens;
  const shorten = isPromptTooLong ? 'shorten the prompt' : "lower 'max_tokens'";
  return new GenerationError(
    'context_length_exceeded',
    `This prompt has ${promptTokens} tokens${answer}. The devices that serve the model now have room for ` +
      `${roomTokens} tokens of prompt and answer. Add a device or ${shorten}.`,
    isPromptTooLong ? {} : { param: 'max_tokens' },
  );
}
