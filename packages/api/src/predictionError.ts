/**
 * How far off a prediction was, as a share of what was measured: 0.25 where it was a quarter too high, -0.25 a quarter too
 * low.
 */
export const predictionError = (predicted: number, measured: number): number => predicted / measured - 1;
