import { expect, test } from 'vitest';
import { selectedCandidatePair } from './selectedCandidatePair.ts';

type Entry = Record<string, unknown> & { id: string };

function connectionWith(...entries: Entry[]): Pick<RTCPeerConnection, 'getStats'> {
  const report = new Map(entries.map((entry) => [entry.id, entry]));
  return { getStats: async () => report };
}

const local = {
  id: 'l',
  type: 'local-candidate',
  candidateType: 'host',
  protocol: 'udp',
  address: '',
  port: 9,
};
const remote = { id: 'r', type: 'remote-candidate', candidateType: 'srflx', address: 'fd00::7', port: 4711 };
const pair = { id: 'p', type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' };

test('the pair that the transport names is the one in use; an address that the browser hides is left out', async () => {
  const other = { ...pair, id: 'o', localCandidateId: 'r', state: 'succeeded', nominated: true };
  const transport = { id: 't', type: 'transport', selectedCandidatePairId: 'p' };
  expect(await selectedCandidatePair(connectionWith(local, remote, other, pair, transport))).toEqual({
    local: { type: 'host', protocol: 'udp' },
    remote: { type: 'srflx', address: '[fd00::7]:4711' },
  });
});

test('without transports, as in Firefox, it is the pair that was nominated and works', async () => {
  const failed = { ...pair, id: 'f', state: 'failed', nominated: true };
  const used = { ...pair, localCandidateId: 'r', state: 'succeeded', nominated: true };
  expect(await selectedCandidatePair(connectionWith(failed, remote, used))).toEqual({
    local: { type: 'srflx', address: '[fd00::7]:4711' },
    remote: { type: 'srflx', address: '[fd00::7]:4711' },
  });
});

test('before a connection there is no pair', async () => {
  expect(await selectedCandidatePair(connectionWith())).toBeUndefined();
  expect(
    await selectedCandidatePair(connectionWith(local, { ...pair, state: 'in-progress' })),
  ).toBeUndefined();
});
