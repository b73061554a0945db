import type { StageTimings } from '@potluck/protocol';

/** Sums before the first step. */
export function noTimings(): StageTimings {
  return {
    steps: 0,
    tokens: 0,
    queueMs: 0,
    computeMs: 0,
    tokenSteps: 0,
    tokenStepsMs: 0,
    promptStepsMs: 0,
    encodeMs: 0,
    decodeMs: 0,
    wireMs: 0,
    bytesIn: 0,
    bytesOut: 0,
    relayedFrames: 0,
  };
}
