/** What was predicted of an answer beside what was measured, for people. */
import type { PredictedAnswer } from '@potluck/api';
import { predictionError } from '@potluck/api/prediction-error';
import { formatDuration } from './formatDuration.ts';
import { formatNumber } from './formatNumber.ts';
import { formatSpeed } from './formatSpeed.ts';

/** From so far off on, a factor says more than a share. */
const leastFactor = 1.5;

/** How far off a prediction was: `3 % off`, `4.7 times too high`. */
function howFarOff(predicted: number, measured: number): string {
  const factor = predicted / measured;
  if (factor >= leastFactor) return `${formatNumber(factor, 1)} times too high`;
  if (factor <= 1 / leastFactor) return `${formatNumber(1 / factor, 1)} times too low`;
  return `${formatNumber(Math.abs(100 * predictionError(predicted, measured)))} % off`;
}

/** What was measured; null where it is not known. */
export interface MeasuredSpeed {
  tokensPerSecond: number | null;
  /** From arrival to the first token, without waiting for room. */
  firstTokenMs: number | null;
}

/** @returns one text for each number that is known of both: `predicted 14.2, measured 13.8 tokens/s (3 % off)` */
export function besidePrediction(
  predicted: PredictedAnswer,
  { tokensPerSecond, firstTokenMs }: MeasuredSpeed,
): string[] {
  const texts: string[] = [];
  if (tokensPerSecond !== null && tokensPerSecond > 0) {
    const numbers = `predicted ${formatSpeed(predicted.tokensPerSecond)}, measured ${formatSpeed(tokensPerSecond)} tokens/s`;
    texts.push(`${numbers} (${howFarOff(predicted.tokensPerSecond, tokensPerSecond)})`);
  }
  if (firstTokenMs !== null && firstTokenMs > 0) {
    const numbers = `first token predicted after ${formatDuration(predicted.firstTokenMs)}, measured ${formatDuration(firstTokenMs)}`;
    texts.push(`${numbers} (${howFarOff(predicted.firstTokenMs, firstTokenMs)})`);
  }
  return texts;
}
