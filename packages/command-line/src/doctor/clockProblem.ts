/** Whether this machine and the hub agree about the time: certificates and keys end by it. */

/** More than people and networks take, and far less than certificates care about. */
const mostDifferenceMs = 30_000;

/** All in Unix milliseconds: asked and answered by this machine's clock, the hub's time by its own. */
export interface ClockLook {
  askedAt: number;
  answeredAt: number;
  hubAt: number;
}

/** @returns undefined where they agree */
export function clockProblem({ askedAt, answeredAt, hubAt }: ClockLook): string | undefined {
  const difference = hubAt < askedAt ? hubAt - askedAt : Math.max(0, hubAt - answeredAt);
  if (Math.abs(difference) <= mostDifferenceMs) return undefined;
  const way = difference > 0 ? 'ahead of' : 'behind';
  const seconds = Math.round(Math.abs(difference) / 1000);
  return `The hub's clock is ${seconds} s ${way} this machine's: let both keep their time by NTP.`;
}
