import type { Basis } from '@potluck/api';

/** How sure a number is that was made of these. */
export function leastSure(parts: readonly { basis: Basis }[]): Basis {
  const bases = new Set(parts.map(({ basis }) => basis));
  if (bases.has('estimated')) return 'estimated';
  return bases.has('scaled') ? 'scaled' : 'measured';
}
