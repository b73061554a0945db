/** What a stage says that went wrong with a session, as an error of its answer. */
import type { SessionErrorCode } from '@potluck/protocol';
import { GenerationError, retryWhileLoadingSeconds } from './generationError.ts';

/** @param names of the worker that says so, and of the neighbour that it means */
export function stageError(
  code: SessionErrorCode,
  message: string,
  { worker, peer }: { worker: string; peer: string | undefined },
): GenerationError {
  const text = peer === undefined ? `${worker}: ${message}` : `${worker}, about ${peer}: ${message}`;
  const workers = [peer ?? worker];
  switch (code) {
    case 'no-room':
      return new GenerationError('no_capacity', text, { retryAfterSeconds: 2 });
    case 'peer-unreachable': {
      const silent = `${peer ?? 'a device'} does not answer ${worker}: ${message}`;
      const unreachable = peer === undefined ? text : silent;
      return new GenerationError('worker_lost', unreachable, {
        retryAfterSeconds: retryWhileLoadingSeconds,
        workers,
      });
    }
    case 'stage-gone':
      return new GenerationError('worker_lost', text, {
        retryAfterSeconds: retryWhileLoadingSeconds,
        workers,
      });
    case 'constraint-failed':
      return new GenerationError(
        'constraint_failed',
        "The answer can't be held any further to what the request asks for: its schema, expression or grammar takes more work than a device gives to one token. Make it simpler: shorter patterns, fewer repetitions within one another.",
        { cause: new Error(`worker ${worker}: ${message}`) },
      );
    case 'cache-miss':
    case 'compute-failed':
    case 'bad-frame':
      return new GenerationError('stage_failed', text, { workers });
  }
}
