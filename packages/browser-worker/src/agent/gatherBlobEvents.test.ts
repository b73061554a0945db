import { BlobRef } from '@potluck/protocol';
import type { AgentEvent } from '@potluck/worker';
import { expect, test } from 'vitest';
import type { TabAgentEvent } from './agentApi.ts';
import { gatherBlobEvents } from './gatherBlobEvents.ts';

const blob = BlobRef.parse({ sha256: 'a'.repeat(64), size: 10 });
const here = (doneBytes: number): AgentEvent => ({ type: 'blob', blob, doneBytes, cached: false });
const seen = (doneBytes: number): TabAgentEvent => ({
  type: 'blobs',
  blobs: [{ sha256: blob.sha256, doneBytes, cached: false }],
});

test('what was gathered of blobs is told before what comes after it', () => {
  const told: TabAgentEvent[] = [];
  const pass = gatherBlobEvents((event) => told.push(event), 60_000);
  pass(here(1));
  pass(here(5));
  pass(here(10));
  expect(told).toEqual([seen(1)]);
  pass({ type: 'joined' });
  expect(told).toEqual([seen(1), seen(10), { type: 'joined' }]);
});
