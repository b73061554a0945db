import type { RequestSummary } from '@potluck/api';
import { expect, test } from 'vitest';
import { timelineOf } from './timeline.ts';

const request = {
  totalMs: 1000,
  queueMs: 100,
  firstTokenMs: 400,
  timeline: { preparedMs: 50, lastTokenMs: 950, pauses: [{ fromMs: 500, toMs: 700, lost: ['garage'] }] },
  stages: [
    {
      workerId: '1',
      worker: 'desk',
      firstLayer: 0,
      lastLayer: 3,
      timings: { promptStepsMs: 80, tokenStepsMs: 900 },
    },
    { workerId: '2', worker: 'lap', firstLayer: 4, lastLayer: 7, timings: null },
  ],
} as unknown as RequestSummary;

test('a request is prepared, queues, reads its prompt, and writes', () => {
  const timeline = timelineOf(request);
  expect(timeline?.phases.map(({ kind, fromMs, toMs }) => [kind, fromMs, toMs])).toEqual([
    ['prepare', 0, 50],
    ['queue', 50, 150],
    ['prompt', 150, 400],
    ['tokens', 400, 950],
    ['end', 950, 1000],
  ]);
  expect(timeline?.stages.map(({ work }) => work)).toEqual([
    [
      { kind: 'prompt', fromMs: 150, computeMs: 80 },
      { kind: 'tokens', fromMs: 400, computeMs: 550 },
    ],
    [],
  ]);
});

test('one that failed while it waited for devices says so', () => {
  const pauses = [{ fromMs: 500, toMs: 1000, lost: ['garage'] }];
  const failed = {
    ...request,
    status: 'failed',
    timeline: { preparedMs: 50, lastTokenMs: 500, pauses },
  } as const;
  expect(timelineOf(failed)?.phases.at(-1)).toEqual({ kind: 'wait', fromMs: 500, toMs: 1000 });
  // It went on, and failed for another reason.
  expect(timelineOf({ ...request, status: 'failed' })?.phases.at(-1)?.kind).toBe('end');
});

test('one that never had room shows where it waited', () => {
  const waited = {
    ...request,
    queueMs: null,
    firstTokenMs: null,
    timeline: { preparedMs: 50, lastTokenMs: null, pauses: [] },
  };
  expect(timelineOf(waited)?.phases.map(({ kind }) => kind)).toEqual(['prepare', 'end']);
  expect(timelineOf({ ...request, timeline: null })).toBeUndefined();
});
