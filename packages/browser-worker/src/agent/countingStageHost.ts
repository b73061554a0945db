/** A stage host that counts what goes through another one, except what is only tried. */
import type { StageHost, StepRequest } from '@potluck/engine';
import { isKeptCache, trialCacheId } from '@potluck/worker';
import type { ServedView } from '../snapshot.ts';

/** Rates are over this much time with work in it. */
const windowMs = 5_000;

/** Counts since it was made. */
export type StepCounts = ServedView;

/** @param onChange called when a count changed */
export function countingStageHost(
  host: StageHost,
  onChange: () => void,
  now: () => number = () => performance.now(),
): { host: StageHost; counts(): StepCounts } {
  let tokens = 0;
  let steps = 0;
  let answers = 0;
  let bytes = 0;
  /** Open caches of each stage. */
  const openOf = new Set<Set<string>>();
  let recent: { begun: number; ended: number; tokens: number }[] = [];
  function count(begun: number, length: number): void {
    const ended = now();
    tokens += length;
    steps++;
    recent = recent.filter((step) => step.ended > ended - windowMs);
    recent.push({ begun, ended, tokens: length });
    onChange();
  }
  return {
    host: {
      async load(...request) {
        const stage = await host.load(...request);
        const open = new Set<string>();
        openOf.add(open);
        return {
          ...stage,
          async open(request) {
            await stage.open(request);
            if (request.cacheId === trialCacheId) return;
            if (!isKeptCache(request.cacheId)) {
              open.add(request.cacheId);
              answers++;
            }
            if (request.from?.take === true) open.delete(request.from.cacheId);
            onChange();
          },
          async release(cacheId) {
            open.delete(cacheId);
            onChange();
            await stage.release(cacheId);
          },
          async dispose() {
            openOf.delete(open);
            onChange();
            await stage.dispose();
          },
          async step(request) {
            const begun = now();
            // Counted first: the step may take the buffers away.
            const received = bytesOf(request.boundary);
            const result = await stage.step(request);
            if (request.cacheId !== trialCacheId) {
              bytes += received + bytesOf(result.boundary);
              count(begun, request.length);
            }
            return result;
          },
          async encode(request) {
            const begun = now();
            const result = await stage.encode(request);
            answers++;
            count(begun, request.tokenIds.length);
            return result;
          },
        };
      },
    },
    counts: () => ({
      tokens,
      steps,
      tokensPerSecond: rate(recent),
      answers,
      bytes,
      openSessions: Math.max(0, ...[...openOf].map(({ size }) => size)),
    }),
  };
}

function bytesOf(tensors: StepRequest['boundary'] = []): number {
  return tensors.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
}

function rate(steps: readonly { begun: number; ended: number; tokens: number }[]): number {
  const first = steps[0];
  const last = steps.at(-1);
  if (!first || !last || last.ended <= first.begun) return 0;
  const tokens = steps.reduce((sum, step) => sum + step.tokens, 0);
  return (1000 * tokens) / (last.ended - first.begun);
}
