import { HubId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { followerHealth, type HealthReading } from './followerHealth.ts';

const leader = {
  ...{ epoch: 1, process: 'a', url: 'http://a', secret: 'b' },
  hubId: HubId.parse('7f0c9c0e-3f5b-4b1e-9d5e-0d4f2f6f2a10'),
};
const serving = { record: { ...leader, serves: true }, serving: { ...leader, serves: true } };
const ok = { status: 'ok', ready: true, role: 'leads', eventLoopDelayMs: 3 };

test.each<[string, Partial<HealthReading>, object]>([
  ['well', { leader: ok }, { status: 'ok', ready: true, role: 'follows' }],
  [
    'as the leader without a model',
    { leader: { status: 'waiting', ready: false, missing: 'memory' } },
    { status: 'waiting', ready: false, role: 'follows', missing: 'memory' },
  ],
  [
    'degraded as the leader',
    { leader: { ...ok, status: 'degraded', trouble: 'disk' }, trouble: 'Redis' },
    { status: 'degraded', ready: true, role: 'follows', trouble: 'disk' },
  ],
  [
    'degraded by itself',
    { leader: ok, trouble: 'Redis' },
    { status: 'degraded', ready: true, role: 'follows', trouble: 'Redis' },
  ],
  [
    'well while the leader stops',
    { leader: { status: 'stopping', ready: false } },
    { status: 'ok', ready: true, role: 'follows' },
  ],
  ['stopping', { leader: ok, isStopping: true }, { status: 'stopping', ready: false, role: 'follows' }],
  [
    'waiting for a leader that answers',
    {},
    { status: 'waiting', ready: false, role: 'follows', missing: 'the hub that leads does not answer' },
  ],
  [
    'waiting for a leader',
    { board: { record: undefined, serving: undefined } },
    { status: 'waiting', ready: false, role: 'follows', missing: 'no hub leads at the moment' },
  ],
])('%s', (_, reading, health) => {
  const all = { leader: undefined, board: serving, trouble: undefined, isStopping: false, ...reading };
  expect(followerHealth(all)).toEqual(health);
});
