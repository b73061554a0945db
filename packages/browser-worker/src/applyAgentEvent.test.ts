import { randomUUID } from 'node:crypto';
import { AssignmentId, Sha256, WorkerId, type Assign } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { applyAgentEvent, type ShownEvent } from './applyAgentEvent.ts';
import type { TabSnapshot } from './snapshot.ts';

const empty: TabSnapshot = {
  state: 'contributing',
  problem: undefined,
  workerId: undefined,
  settings: {
    name: 'tab',
    memoryBytes: undefined,
    device: 'auto',
    keepScreenOn: false,
    quietTone: false,
    pauseOnBattery: false,
    pauseWhenHidden: false,
    pauseOnMetered: false,
  },
  offer: undefined,
  device: undefined,
  hub: { state: 'connecting', reason: undefined },
  stages: [],
  peers: [],
  served: { tokens: 0, steps: 0, tokensPerSecond: 0, answers: 0, bytes: 0, openSessions: 0 },
  hasToken: true,
  cache: { bytes: 0, blobs: 0, inMemory: false },
  stayAlive: { visibility: 'visible', wakeLock: false, quietTone: false },
  events: [],
};

const after = (...events: ShownEvent[]): TabSnapshot => events.reduce(applyAgentEvent, empty);

const graph = { sha256: Sha256.parse('a'.repeat(64)), size: 10 };
const pack = { sha256: Sha256.parse('b'.repeat(64)), size: 100 };
const assignmentId = AssignmentId.parse(randomUUID());
const assigned: ShownEvent = {
  type: 'assigned',
  message: {
    assignmentId,
    stageIndex: 1,
    stages: [{}, {}],
    stage: {
      model: 'small',
      firstLayer: 2,
      lastLayer: 3,
      layerCount: 4,
      weightBytes: 100,
      graph,
      packs: [pack],
    },
  } as unknown as Assign,
};

test('a stage appears with its packs, fills, gets ready and goes', () => {
  const blobs = [
    { sha256: graph.sha256, doneBytes: 10, cached: true },
    { sha256: pack.sha256, doneBytes: 40, cached: false },
  ];
  const loading = after(assigned, { type: 'blobs', blobs });
  expect(loading.stages).toMatchObject([
    { model: 'small', stageIndex: 1, stageCount: 2, state: 'assigned', doneBytes: 50, totalBytes: 110 },
  ]);
  const report = { type: 'stage-report' as const, assignmentId };
  const ready = applyAgentEvent(loading, { type: 'stage', report: { ...report, state: 'ready' } });
  expect(ready.stages[0]?.state).toBe('ready');
  const gone = applyAgentEvent(ready, { type: 'stage', report: { ...report, state: 'released' } });
  expect(gone.stages).toEqual([]);
});

test('a stage that serves has its weights, also where nothing was told of them', () => {
  const report = { type: 'stage-report' as const, assignmentId, state: 'ready' as const };
  expect(after(assigned, { type: 'stage', report }).stages).toMatchObject([
    { doneBytes: 110, totalBytes: 110, packs: [{ cached: true }, { cached: true }] },
  ]);
});

test('a stage that moves keeps what it has; one that failed makes room', () => {
  const report = { type: 'stage-report' as const, assignmentId, state: 'failed' as const, reason: 'no room' };
  expect(after(assigned, assigned).stages).toHaveLength(1);
  const again = {
    ...assigned,
    message: { ...assigned.message, assignmentId: AssignmentId.parse(randomUUID()) },
  };
  const failed = after(assigned, { type: 'stage', report });
  expect(failed.stages).toMatchObject([{ state: 'failed', reason: 'no room' }]);
  expect(applyAgentEvent(failed, again).stages).toMatchObject([{ state: 'assigned' }]);
});

test('a hub that was never reached is being connected to; one that was is lost', () => {
  const away: ShownEvent = { type: 'hub-away', reason: 'refused' };
  expect(after(away).hub).toEqual({ state: 'connecting', reason: 'refused' });
  expect(after({ type: 'joined' }, away).hub).toEqual({ state: 'lost', reason: 'refused' });
});

test('a peer shows its addresses and its round trip only while there is a way', () => {
  const peer = WorkerId.parse(randomUUID());
  const report = { type: 'peer-report' as const, peer };
  const side = { type: 'host' as const, protocol: 'udp' as const, address: '10.0.0.2:9' };
  const way = { roundTripMs: 3, candidatePair: { local: side, remote: side } };
  const direct = after({ type: 'peer', report: { ...report, state: 'direct', ...way } });
  expect(direct.peers).toMatchObject([{ state: 'direct', ...way }]);
  const lost = applyAgentEvent(direct, {
    type: 'peer',
    report: { ...report, state: 'lost', roundTripMs: 3 },
  });
  expect(lost.peers).toMatchObject([{ state: 'lost', roundTripMs: undefined, candidatePair: undefined }]);
});
