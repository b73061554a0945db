import type { CandidatePair } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { watchCandidatePair } from './watchCandidatePair.ts';

/** A connection as far as it is watched, whose statistics change when the test says so. */
class Connection extends EventTarget {
  connectionState = 'connecting';
  sctp = null;
  stats = new Map<string, object>();
  /** How often it was asked for statistics. */
  asked = 0;

  turns(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  /** @param port of the local candidate */
  runsFrom(port: number): void {
    this.stats = new Map<string, object>([
      ['local', { candidateType: 'host', protocol: 'udp', address: '10.0.0.1', port }],
      ['remote', { candidateType: 'host', protocol: 'udp', address: '10.0.0.2', port: 2 }],
      [
        'pair',
        {
          type: 'candidate-pair',
          nominated: true,
          state: 'succeeded',
          localCandidateId: 'local',
          remoteCandidateId: 'remote',
        },
      ],
    ]);
  }

  async getStats(): Promise<Map<string, object>> {
    this.asked++;
    return this.stats;
  }
}

test('the pair in use is told also where statistics come late, and again when it changes', async () => {
  const connection = new Connection();
  const told: (string | undefined)[] = [];
  const abort = new AbortController();
  const tell = ({ local }: CandidatePair): void => void told.push(local.address);
  watchCandidatePair(connection as unknown as RTCPeerConnection, tell, abort.signal);
  connection.turns('connected');
  await expect.poll(() => connection.asked).toBeGreaterThan(2);
  expect(told).toEqual([]);
  connection.runsFrom(1);
  await expect.poll(() => told).toEqual(['10.0.0.1:1']);
  // The event comes first, what it tells of a moment later.
  connection.dispatchEvent(new Event('iceconnectionstatechange'));
  await Promise.resolve();
  connection.runsFrom(3);
  await expect.poll(() => told).toEqual(['10.0.0.1:1', '10.0.0.1:3']);
  abort.abort();
});
