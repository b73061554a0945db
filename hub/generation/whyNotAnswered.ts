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
    ? `${id} was added again with other files. Ask again`
    : `the operator undeployed ${id}. Choose another model`;
  return new GenerationError('no_longer_served', `The answer can't go on: ${why}.`, { cause });
}

/** @param cause what the answer had to wait for */
export function hubStopped(cause?: GenerationError): GenerationError {
  return new GenerationError('hub_stopped', 'The hub was stopped while it was answering.', {
    retryAfterSeconds: retryWhileLoadingSeconds,
    ...(cause ? { cause } : {}),
  });
}

/** No devices went on with an answer whose own were lost. @param error how they were lost */
export function notRecovered(
  error: GenerationError,
  deployment: Deployment,
  waitedMs: number,
): GenerationError {
  const missing = missingOf(deployment);
  return new GenerationError(
    'worker_lost',
    `${error.message} No other devices could go on with the answer within ${Math.round(waitedMs / 1000)} s` +
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
  why = 'it is being loaded',
  replicas: readonly Replica[] = [],
): GenerationError {
  return new GenerationError(
    replicas.some(({ pipeline }) => pipeline) ? 'model_loading' : 'no_capacity',
    `${id} is not served yet: ${why}.`,
    { retryAfterSeconds: retryWhileLoadingSeconds },
  );
}
