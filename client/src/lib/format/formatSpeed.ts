/** Tokens a second for people, without their unit: `0.46`, `9.4`, `13.8`, `240`. */
export function formatSpeed(tokensPerSecond: number): string {
  if (tokensPerSecond < 10) return tokensPerSecond.toPrecision(2);
  return tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0);
}
