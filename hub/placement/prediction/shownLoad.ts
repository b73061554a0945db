/** How busy workers are, by how far their answers are from their trials. */
import type { GridWorker } from '../gridView.ts';
import type { StepSample } from './samples.ts';
import { readBytes, stepMs, tokenSpeed, type StepReads } from './stepTime.ts';

/** What is asked for. */
export type WantedStep = StepReads & { model: string };

/** What is known of a step at a worker: as it was tried, alone and for a moment, and as it was in answers; in milliseconds. */
export interface ShownSteps {
  tried: number | undefined;
  served: number | undefined;
}

/** Beyond it something else is wrong than other work. */
const mostLoad = 20;
/** What a worker did longer ago says little of what it does now: in milliseconds. */
const rememberedMs = 6 * 3_600_000;

/** @param now by the clock of the samples; those of an earlier run of the hub are too old */
export function shownSteps(
  worker: Pick<GridWorker, 'device' | 'presence' | 'tokenSteps'>,
  wanted: WantedStep,
  now: number,
): ShownSteps {
  const of = worker.tokenSteps.filter(({ model }) => model === wanted.model);
  const timeBy = (samples: readonly StepSample[]): number | undefined =>
    samples.length === 0 ? undefined : stepMs(tokenSpeed(worker, wanted, samples), readBytes(wanted));
  const isFresh = ({ source, at }: StepSample): boolean =>
    source === 'served' && at !== undefined && now - at <= rememberedMs;
  return { tried: timeBy(of.filter(({ source }) => source === 'tried')), served: timeBy(of.filter(isFresh)) };
}

/**
 * How many times as long steps took in answers as when they were tried; a trial that was disturbed itself says 1.
 * @returns undefined where nobody knows both
 */
export function loadOf(all: readonly ShownSteps[]): number | undefined {
  let [tried, served] = [0, 0];
  for (const one of all) {
    if (one.tried === undefined || one.served === undefined) continue;
    tried += one.tried;
    served += one.served;
  }
  return tried > 0 ? Math.min(mostLoad, Math.max(1, served / tried)) : undefined;
}
