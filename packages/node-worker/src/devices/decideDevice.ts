/** Which device serves a stage: pure. */
import { measuredPromptTokens, type StageTimes } from '@potluck/worker';
import type { Provider } from './probeDevice.ts';

/** A stage, tried on a device. */
export interface DeviceTrial {
  kind: Provider;
  /** Its times, or what went wrong. */
  outcome: StageTimes | { problem: string };
}

export interface Verdict {
  kind: Provider;
  /** For people. */
  reason: string;
}

/** Tokens of the answer by which devices are compared, after a prompt of `measuredPromptTokens`. */
const answerTokens = 64;

/** @returns the device that is done first with a short prompt and a short answer; undefined where none works */
export function decideDevice(trials: readonly DeviceTrial[]): Verdict | undefined {
  const measured = trials.flatMap(({ kind, outcome }) =>
    'problem' in outcome
      ? []
      : [{ kind, outcome, totalMs: outcome.promptMs + answerTokens * outcome.tokenMs }],
  );
  const best = measured.toSorted((one, other) => one.totalMs - other.totalMs)[0];
  if (!best) return undefined;
  const others = trials.filter(({ kind }) => kind !== best.kind);
  const against = others.map(({ kind, outcome }) =>
    'problem' in outcome ? `${kind} fails (${outcome.problem})` : `${kind} ${describe(outcome)}`,
  );
  const ownTimes = `${best.kind}: ${describe(best.outcome)}`;
  return { kind: best.kind, reason: against.length === 0 ? ownTimes : `${ownTimes}; ${against.join('; ')}` };
}

const describe = ({ promptMs, tokenMs }: StageTimes): string =>
  `${shown(promptMs)} for ${measuredPromptTokens} tokens of a prompt, ${shown(tokenMs)} for a token`;

const shown = (ms: number): string => `${ms >= 100 ? ms.toFixed(0) : ms.toFixed(1)} ms`;
