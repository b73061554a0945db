/** What clients are told where no devices answer, or go on with an answer. */
import type { Model } from '../models/model.ts';
import { missingOf, type Deployment, type Replica } from '../pipelines/deployment.ts';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';

/** The operator took the model away, or gave it other files. */
export function noLongerServed(
  { package: { id } }: Model,
  deployment: Deployment | undefined,
  cause: GenerationError,
): GenerationError {
  const why = deployment
    ? `${id} was replaced by other files, so the answer stopped here. Ask again.`
    : `${id} was undeployed, so the answer stopped here. Choose another model.`;
  return new GenerationError('no_longer_served', why, { cause });
}

/** @param cause what the answer had to wait for */
export function hubStopped(cause?: GenerationError): GenerationError {
  return new GenerationError('hub_stopped', 'The hub stopped before the answer was complete.', {
    retryAfterSeconds: retryWhileLoadingSeconds,
    ...(cause ? { cause } : {}),
  });
}

/** To those who ask while the answers of others are still under way. */
export function hubStops(): GenerationError {
  return new GenerationError(
    'hub_stopped',
    'The hub is about to stop and takes no new requests. Ask again soon.',
    {
      retryAfterSeconds: retryWhileLoadingSeconds,
    },
  );
}

/** Why an answer has to go on with devices that are here now. */
export function hubWasAway(): GenerationError {
  return new GenerationError('worker_lost', 'The hub was started again before the answer was complete.', {
    retryAfterSeconds: retryWhileLoadingSeconds,
  });
}

/**
 * No devices went on with an answer whose own were lost.
 * @param error how they were lost
 * @param room where devices serve that are too small: what they have room for, and what prompt and answer have, in tokens
 */
export function notRecovered(
  error: GenerationError,
  deployment: Deployment,
  waitedMs: number,
  room?: { mostTokens: number; tokens: number },
): GenerationError {
  const missing = room
    ? `the devices that serve the model now have room for ${room.mostTokens} tokens, and prompt and answer have ${room.tokens} already`
    : missingOf(deployment);
  return new GenerationError(
    'worker_lost',
    `${error.message} No other device could continue within ${Math.round(waitedMs / 1000)} s` +
      (missing === undefined ? '.' : `: ${missing}.`),
    {
      retryAfterSeconds: retryWhileLoadingSeconds,
      ...(error.workers ? { workers: error.workers } : {}),
      cause: error,
    },
  );
}

/** @param why as part of a sentence @param replicas of the model, if any */
export function notServed(
  { package: { id } }: Model,
  why = 'it is loading',
  replicas: readonly Replica[] = [],
): GenerationError {
  return new GenerationError(
    replicas.some(({ pipeline }) => pipeline) ? 'model_loading' : 'no_capacity',
    `${id} isn't running yet: ${why}.`,
    { retryAfterSeconds: retryWhileLoadingSeconds },
  );
}
