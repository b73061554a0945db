import type { Diagnostics } from '@potluck/api';
import { expect, test } from 'vitest';
import { findProblems } from './findProblems.ts';

const now = Date.parse('2026-11-28T00:00:00Z');
const day = 24 * 60 * 60_000;
const fine = {
  madeAt: now,
  hub: {
    ...{ version: '1.0.0', node: '24', system: 'linux x64', processors: 2, startedAt: now, clockJumpMs: 20 },
    ...{ memoryBytes: 8e9, freeMemoryBytes: 4e9, usedMemoryBytes: 1e8 },
    eventLoopDelayMs: { p99: 3, max: 20 },
  },
  disk: { totalBytes: 1e12, freeBytes: 5e11, isWritable: true },
  database: { kind: 'server', trouble: null },
  hubs: {
    leader: 'http://10.0.0.1:8000',
    present: ['http://10.0.0.1:8000'],
    epoch: 3,
    leaseSeconds: 6,
    redisAnswers: true,
    trouble: null,
  },
  network: { httpPort: 8000, httpsPort: 8443, knownHttpsPort: null, addresses: ['10.0.0.1'], publicUrls: [] },
  certificate: {
    ...{
      kind: 'uploaded' as const,
      httpsPort: 8443,
      subject: 'CN=hub',
      issuer: 'CN=hub',
      names: ['10.0.0.1'],
    },
    ...{ validFrom: now - day, validTo: now + 90 * day, fingerprint: null, missingNames: [] },
  },
  nodes: [
    {
      ...{ name: 'garage', kind: 'node' as const, version: '1.0.0', device: 'cpu', memoryBytes: 8e9 },
      ...{ state: 'serving', joinedAt: now, links: [] },
    },
  ],
  models: [{ model: 'small', replicas: 1, missing: null }],
  lastTrouble: [],
} satisfies Omit<Diagnostics, 'problems'>;
const garage = fine.nodes[0] as Diagnostics['nodes'][number];
const small = fine.models[0] as Diagnostics['models'][number];

test('a hub that is fine has no problems', () => {
  expect(findProblems(fine)).toEqual([]);
});

test.each<[string, Partial<Diagnostics>, RegExp]>([
  ['a read-only directory', { disk: { ...fine.disk, isWritable: false } }, /can't write/],
  ['a full disk', { disk: { ...fine.disk, freeBytes: 5e8 } }, /Only 500 MB are free/],
  [
    'a database server that is away',
    { database: { kind: 'server', trouble: "The hub's database server does not answer." } },
    /keeps nothing.*database server does not answer\. Look at the database server/,
  ],
  [
    'a Redis that is away',
    { hubs: { ...fine.hubs, redisAnswers: false, trouble: 'Redis does not answer.' } },
    /^Redis does not answer\. The hub that leads \(http:\/\/10\.0\.0\.1:8000\) goes on\. Start Redis/,
  ],
  [
    'another program at the port that devices know',
    { network: { ...fine.network, knownHttpsPort: 8443 } },
    /Another program uses port 8443/,
  ],
  [
    'an expired certificate',
    { certificate: { ...fine.certificate, validTo: now - day } },
    /expired on 2026-11-27/,
  ],
  [
    'one that expires soon',
    { certificate: { ...fine.certificate, validTo: now + 3 * day } },
    /expires on 2026-12-01/,
  ],
  ['one that is not valid yet', { certificate: { ...fine.certificate, validFrom: now + day } }, /clock/],
  [
    'one that lacks a name',
    { certificate: { ...fine.certificate, missingNames: ['hub.lan'] } },
    /does not name hub\.lan/,
  ],
  ['a clock that was set', { hub: { ...fine.hub, clockJumpMs: -3_600_000 } }, /back by 3600 s/],
  ['a busy machine', { hub: { ...fine.hub, eventLoopDelayMs: { p99: 900, max: 2000 } } }, /900 ms late/],
  ['nobody', { nodes: [] }, /No device has joined/],
  [
    'another version',
    { nodes: [{ ...garage, version: '0.9.0' }] },
    /garage runs version 0\.9\.0, the hub 1\.0\.0/,
  ],
  [
    'a relayed link',
    { nodes: [{ ...garage, links: [{ to: 'attic', state: 'relayed', roundTripMs: 9, reason: null }] }] },
    /garage reaches attic only through the hub/,
  ],
  [
    'a model that is not running',
    { models: [{ ...small, missing: 'no device' }] },
    /small is not running: no device/,
  ],
])('%s is a problem', (_what, change, problem) => {
  const problems = findProblems({ ...fine, ...change });
  expect(problems).toEqual([expect.stringMatching(problem)]);
});
