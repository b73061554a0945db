/** What measurements of several cases say of another one. */

/** How much each older measurement counts, against the one after it: five answers on, a sixth is left. */
const olderShare = 0.7;

export interface Typical<Sample> {
  /** What the sample would be in the case that is asked for: above 0. */
  value: (sample: Sample) => number;
  /** How unlike that case the sample's own was: 0 for the same; at 1 it counts half. */
  distance: (sample: Sample) => number;
}

/**
 * The weighted geometric mean: recent and similar cases count most, and one twice as long and one half as long even out.
 * What a busy machine does for a moment weighs less than in a mean, and what it does for longer shows after two or three.
 * @param samples last measured first
 * @returns undefined where there are none
 */
export function typicalOf<Sample>(
  samples: readonly Sample[],
  { value, distance }: Typical<Sample>,
): number | undefined {
  if (samples.length === 1) return value(samples[0] as Sample);
  let sum = 0;
  let weights = 0;
  for (const [age, sample] of samples.entries()) {
    const weight = olderShare ** age / (1 + distance(sample) ** 2);
    sum += weight * Math.log(value(sample));
    weights += weight;
  }
  return weights > 0 ? Math.exp(sum / weights) : undefined;
}

/** Answers say more than trials: those that served, where there are any. */
export function servedFirst<Sample extends { source: 'served' | 'tried' }>(
  samples: readonly Sample[],
): readonly Sample[] {
  const served = samples.filter(({ source }) => source === 'served');
  return served.length > 0 ? served : samples;
}

/** How many times `unit` apart two sizes are, as factors: 1 where one is `unit` times the other. */
export function factorsApart(one: number, other: number, unit: number): number {
  return Math.log(Math.max(1, one) / Math.max(1, other)) / Math.log(unit);
}
