import { randomUUID } from 'node:crypto';
import type { LoadedStage } from '@potluck/engine';
import {
  AssignmentId,
  CacheId,
  PipelineId,
  SessionId,
  Sha256,
  WorkerId,
  type FromWorkerMessage,
  type StageTimings,
} from '@potluck/protocol';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { echoStage, echoStageHost } from '../../testing/echoStageHost.ts';
import { silentLog } from '../log.ts';
import { StageCaches } from './stageCaches.ts';
import { StageSessions } from './stageSessions.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

it('a chunk that is given ahead counts from the end of the one before', async () => {
  const graph = { sha256: Sha256.parse('a'.repeat(64)), size: 10 };
  const description = echoStage({ layerCount: 2, firstLayer: 0, lastLayer: 0, graph });
  const loaded = await echoStageHost().load({ description, graph: new Uint8Array(0), weights: [] }, 1e6);
  const [worker, next] = [WorkerId.parse(randomUUID()), WorkerId.parse(randomUUID())];
  const assignmentId = AssignmentId.parse(randomUUID());
  const told: FromWorkerMessage[] = [];
  // One after the other, as an engine's thread runs them: it does not see what waits in its port.
  let before = Promise.resolve();
  const stage: LoadedStage = {
    ...loaded,
    step: async (request) => {
      const turn = before;
      const { promise, resolve } = Promise.withResolvers<void>();
      before = promise;
      await turn;
      vi.advanceTimersByTime(100);
      resolve();
      return { ...(await loaded.step(request)), queueMs: 0 };
    },
  };
  const caches = new StageCaches({ stage, log: silentLog }, { retainBytes: 0 });
  const sessions = new StageSessions(
    {
      caches,
      sendToHub: (message) => void told.push(message),
      sendFrame: () => ({ encodeMs: 0, bytes: 0 }),
      drained: () => undefined,
      log: silentLog,
    },
    {
      assignmentId,
      pipelineId: PipelineId.parse(randomUUID()),
      epoch: 1,
      stageIndex: 0,
      stages: [
        { assignmentId, workerId: worker, name: 'one' },
        { assignmentId: AssignmentId.parse(randomUUID()), workerId: next, name: 'two' },
      ],
      stage: description,
    },
  );
  const session = { sessionId: SessionId.parse(randomUUID()), assignmentId, epoch: 1 };
  const limits = { capacity: 20, promptLength: 8, lengthLimit: 20, stopTokenIds: [], chunkTokens: 2 };
  await sessions.open({ type: 'open-session', ...session, ...limits, cacheId: CacheId.parse(randomUUID()) });
  const tokens = [1, 2, 3, 4, 5, 6, 7, 8];
  await sessions.prompt({ type: 'prompt', ...session, position: 0, tokens, steps: [2, 2, 2, 2] });
  await sessions.close(session);
  const closed = told.find(({ type }) => type === 'session-closed') as { timings: StageTimings } | undefined;
  expect(closed?.timings).toMatchObject({ steps: 4, promptStepsMs: 400 });
});
