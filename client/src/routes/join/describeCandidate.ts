import type { IceCandidate } from '@potluck/protocol';

const kinds = {
  host: 'an address in the local network',
  srflx: 'an address that its router gave it',
  prflx: 'an address that its router gave it',
  relay: 'an address at a TURN server',
} as const;

/** One end of a direct connection in words, with its address where the browser tells it. */
export function describeCandidate({ type, address }: IceCandidate): string {
  return address === undefined ? kinds[type] : `${kinds[type]} (${address})`;
}
