import type { IceCandidate } from '@potluck/protocol';

const kinds = {
  host: 'an address in the local network',
  srflx: 'an address that its router gave it',
  prflx: 'an address that its router gave it',
  relay: 'an address at a TURN server',
} as const;

/** One end of a direct connection in words, with the word of ICE for those who look for it. */
export function describeCandidate({ type, protocol, address }: IceCandidate): string {
  const about = [type, protocol, address].filter((part) => part !== undefined).join(' ');
  return `${kinds[type]} (${about})`;
}
