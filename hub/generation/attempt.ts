/** An answer's way through one pipeline in one epoch. When the pipeline is lost, another attempt goes on where this one was. */
import type { CacheId } from '@potluck/protocol';
import type { ReadyPipeline } from '../pipelines/pipeline.ts';
import type { AskedRoom } from './admission.ts';
import { GenerationError } from './generationError.ts';
import type { SessionCache } from './prefixes/sessionCache.ts';
import type { Session } from './session.ts';

export interface Attempt {
  pipeline: ReadyPipeline;
  cacheId: CacheId;
  /** Cache room for prompt and answer. */
  room: AskedRoom;
  session: Session;
  cache: SessionCache;
}

/** What a lost device cost an answer. */
export interface Recovery {
  /** How often the answer went on in another attempt. */
  replays: number;
  /** Tokens that some stage ran once more, over all attempts. */
  recomputedTokens: number;
  /** From the last token before each loss until the next one, in milliseconds, over all attempts. */
  pauseMs: number;
  /** Workers that were lost or failed, by their names, each once. */
  lost: string[];
}

export const noRecovery: Recovery = { replays: 0, recomputedTokens: 0, pauseMs: 0, lost: [] };

/**
 * How much an answer bears without a token between: many lost devices, and few failures of devices that stay, which are likely
 * to come again.
 */
export const mostFailures = 12;

/** How much an error counts of `mostFailures`. */
export function weightOf({ code }: GenerationError): number {
  return code === 'worker_lost' ? 1 : 4;
}

/** True where what failed lies with devices, so that others can go on with the answer. */
export function isLoss(error: unknown): error is GenerationError {
  if (!(error instanceof GenerationError)) return false;
  switch (error.code) {
    case 'worker_lost':
    case 'stage_timeout':
    case 'stage_failed':
    case 'no_capacity':
      return true;
    default:
      return false;
  }
}
