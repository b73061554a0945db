/** The numbers that a person may set for a conversation. */
import type { Sampling } from '@potluck/api';
import { locale } from '#lib/language/language.ts';

export interface SamplingField {
  key: Exclude<keyof Sampling, 'stop'>;
  name: string;
  hint: string;
  min: number;
  max: number;
  /** How far one press of an arrow key goes. 1: whole numbers only; else every number in the range will do. */
  step: number;
}

export const samplingFields: readonly SamplingField[] = [
  {
    key: 'temperature',
    name: 'Temperature',
    hint: /* @wc-include */ '0 always picks the likeliest word. Higher values vary more.',
    min: 0,
    max: 2,
    step: 0.1,
  },
  {
    key: 'top_p',
    name: 'Top-p',
    hint: 'Picks from the likeliest words that together reach this probability.',
    min: 0,
    max: 1,
    step: 0.05,
  },
  {
    key: 'top_k',
    name: 'Top-k',
    hint: 'Picks from this many of the likeliest words.',
    min: 0,
    max: 1000,
    step: 1,
  },
  {
    key: 'min_p',
    name: 'Min-p',
    hint: 'Leaves out words less likely than this share of the likeliest one.',
    min: 0,
    max: 1,
    step: 0.05,
  },
  {
    key: 'repetition_penalty',
    name: 'Repetition penalty',
    hint: 'Above 1, the model repeats itself less.',
    min: 0.1,
    max: 10,
    step: 0.05,
  },
  { key: 'max_tokens', name: 'Maximum length', hint: 'In tokens.', min: 1, max: 1_000_000, step: 1 },
  {
    key: 'seed',
    name: 'Seed',
    hint: 'The same seed gives the same answer.',
    min: 0,
    max: 2_147_483_647,
    step: 1,
  },
];

/**
 * What is wrong with a number that a person wrote; undefined where it can be used.
 * @param value NaN where the words are not a number
 */
export function samplingProblem(
  value: number,
  { min, max, step }: Pick<SamplingField, 'min' | 'max' | 'step'>,
): string | undefined {
  const isWhole = step === 1;
  if (value >= min && value <= max && (!isWhole || Number.isInteger(value))) return undefined;
  const range = `${min.toLocaleString(locale)} to ${max.toLocaleString(locale)}`;
  return isWhole
    ? `Not used: enter a whole number from ${range}.`
    : `Not used: enter a number from ${range}.`;
}
