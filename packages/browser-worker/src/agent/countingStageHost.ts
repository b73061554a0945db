/** A stage host that counts what goes through another one. */
import type { StageHost } from '@potluck/worker';

/** Rates are over this much time with work in it. */
const windowMs = 5_000;

/** Counts since it was made. */
export interface StepCounts {
  tokens: number;
  steps: number;
  tokensPerSecond: number;
}

/** @param onStep called after each step that succeeded */
export function countingStageHost(
  host: StageHost,
  onStep: () => void,
  now: () => number = () => performance.now(),
): { host: StageHost; counts(): StepCounts } {
  let tokens = 0;
  let steps = 0;
  let recent: { begun: number; ended: number; tokens: number }[] = [];
  return {
    host: {
      async load(artifact, cacheBytes) {
        const stage = await host.load(artifact, cacheBytes);
        return {
          ...stage,
          async step(request) {
            const begun = now();
            const result = await stage.step(request);
            const ended = now();
            tokens += request.length;
            steps++;
            recent = recent.filter((step) => step.ended > ended - windowMs);
            recent.push({ begun, ended, tokens: request.length });
            onStep();
            return result;
          },
        };
      },
    },
    counts: () => ({ tokens, steps, tokensPerSecond: rate(recent) }),
  };
}

function rate(steps: readonly { begun: number; ended: number; tokens: number }[]): number {
  const first = steps[0];
  const last = steps.at(-1);
  if (!first || !last || last.ended <= first.begun) return 0;
  const tokens = steps.reduce((sum, step) => sum + step.tokens, 0);
  return (1000 * tokens) / (last.ended - first.begun);
}
