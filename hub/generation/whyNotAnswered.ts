/** What clients are told where no devices answer, or go on with an answer. */
import { hubText } from '@potluck/api/hub-texts';
import type { Model } from '../models/model.ts';
import { missingOf, type Deployment, type Replica } from '../pipelines/deployment.ts';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';

/** The operator took the model away, or gave it other files. */
export function noLongerServed(
  { package: { id } }: Model,
  deployment: Deployment | undefined,
  cause: GenerationError,
): GenerationError {
  const why = deployment ? hubText('was-replaced', { model: id }) : hubText('was-undeployed', { model: id });
  return new GenerationError('no_longer_served', why, { cause });
}

/** @param cause what the answer had to wait for */
export function hubStopped(cause?: GenerationError): GenerationError {
  return new GenerationError('hub_stopped', hubText('hub-stopped', {}), {
    retryAfterSeconds: retryWhileLoadingSeconds,
    ...(cause ? { cause } : {}),
  });
}

/** To those who ask while the answers of others are still under way. */
export function hubIsStopping(): GenerationError {
  return new GenerationError('hub_stopped', hubText('hub-stops', {}), {
    retryAfterSeconds: retryWhileLoadingSeconds,
  });
}

/** Why an answer has to go on with devices that are here now. */
export function hubWasAway(): GenerationError {
  return new GenerationError('worker_lost', hubText('hub-restarted', {}), {
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
  const [sentence, seconds] = [error.message, Math.round(waitedMs / 1000)];
  // What the sentence begins with is not said once more.
  const reason = (missing ?? '')
    .split('; ')
    .filter((part) => part !== '' && !sentence.startsWith(`${part},`))
    .join('; ');
  return new GenerationError(
    'worker_lost',
    reason === ''
      ? hubText('not-continued', { sentence, seconds })
      : hubText('not-continued-because', { sentence, seconds, reason }),
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
  why = hubText('is-loading', {}),
  replicas: readonly Replica[] = [],
): GenerationError {
  return new GenerationError(
    replicas.some(({ pipeline }) => pipeline) ? 'model_loading' : 'no_capacity',
    hubText('not-running-yet', { model: id, reason: why }),
    { retryAfterSeconds: retryWhileLoadingSeconds },
  );
}
