/** What an answer took beside the steps of its stages: the ways between workers, and what comes before the prompt's first step. */
import type { StageTimings, WorkerId } from '@potluck/protocol';
import { passingMs, waysOf } from './promptTime.ts';
import type { RequestSample, WaySample } from './samples.ts';

/** An answer as it was measured; what is not known of it is null. */
export interface MeasuredAnswer {
  promptTokens: number;
  completionTokens: number;
  /** Waiting for cache room. */
  queueMs: number | null;
  firstTokenMs: number | null;
  decodeTokensPerSecond: number | null;
  /** In order; `timings` are missing where a worker did not tell. */
  stages: readonly { workerId: WorkerId; timings?: StageTimings }[];
}

export interface BesideSteps {
  /** In the order of the stages. */
  ways: (WaySample & { from: WorkerId })[];
  request?: RequestSample;
}

/** Answers with fewer tokens say little of the ways. */
const leastTokens = 5;
/** Clocks and rounding leave no less, in milliseconds. */
const leastRequestMs = 1;

/**
 * What is left of the time between tokens goes to the ways in equal parts, that of the token back to the first stage
 * included; what is left of the time to the first token goes to the request.
 * @param answer that had no company: others' steps would count, too
 * @returns undefined where a stage did not tell its timings
 */
export function besideSteps(answer: MeasuredAnswer): BesideSteps | undefined {
  const stages = answer.stages.flatMap(({ workerId, timings }) => (timings ? [{ workerId, timings }] : []));
  if (stages.length < answer.stages.length || stages.length === 0) return undefined;
  const ways = waysBeside(answer, stages);
  const request = requestBeside(answer, stages);
  return { ways, ...(request ? { request } : {}) };
}

type TimedStage = Required<MeasuredAnswer['stages'][number]>;

function waysBeside(
  { completionTokens, decodeTokensPerSecond }: MeasuredAnswer,
  stages: readonly TimedStage[],
): BesideSteps['ways'] {
  if (decodeTokensPerSecond === null || completionTokens < leastTokens) return [];
  if (stages.some(({ timings }) => timings.tokenSteps === 0)) return [];
  const steps = stages.reduce((sum, { timings }) => sum + timings.tokenStepsMs / timings.tokenSteps, 0);
  const crossings = stages.flatMap(({ workerId: from }, index) => {
    const next = stages[(index + 1) % stages.length] as TimedStage;
    if (next.workerId === from) return [];
    return [{ from, to: next.workerId, relayed: next.timings.relayedFrames > 0 }];
  });
  const milliseconds = (1000 / decodeTokensPerSecond - steps) / Math.max(1, crossings.length);
  return crossings.map((crossing) => ({ ...crossing, milliseconds }));
}

function requestBeside(
  { promptTokens, queueMs, firstTokenMs }: MeasuredAnswer,
  stages: readonly TimedStage[],
): RequestSample | undefined {
  if (firstTokenMs === null) return undefined;
  const chunks = stages.map(({ timings }) => timings.steps - timings.tokenSteps);
  const most = Math.max(...chunks);
  if (most < 1) return undefined;
  const times = stages.map(({ timings }, index) => timings.promptStepsMs / Math.max(1, chunks[index] ?? 0));
  const milliseconds = Math.max(leastRequestMs, firstTokenMs - (queueMs ?? 0) - passingMs(times, most));
  return { milliseconds, promptTokens, ways: waysOf(stages) };
}
