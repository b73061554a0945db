import { randomUUID } from 'node:crypto';
import {
  AssignmentId,
  CacheId,
  PipelineId,
  SessionId,
  WorkerId,
  type FromHubMessage,
  type SessionErrorCode,
  type StageTimings,
} from '@potluck/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ReadyPipeline, ReadyStage } from '../pipelines/pipeline.ts';
import { GenerationError } from './generationError.ts';
import { ProgressBook } from './progressBook.ts';
import { Session } from './session.ts';
import type { TriedStage } from './stepDeadline.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const id = SessionId.parse(randomUUID());
const kept = { length: 0, retainedFrom: 0 };

/** A session on stages of these workers, with what it sent and whom it said to be silent. */
const openSession = (...names: string[]) => openSessionOf({ prompt: [1, 2, 3] }, ...names);

function openSessionOf({ prompt, tried = {} }: { prompt: number[]; tried?: TriedStage }, ...names: string[]) {
  const stages = names.map((workerName, index) => ({
    workerName,
    workerId: WorkerId.parse(randomUUID()),
    assignmentId: AssignmentId.parse(randomUUID()),
    firstLayer: index,
    lastLayer: index,
    ...tried,
  })) as unknown as ReadyStage[];
  const pipeline: ReadyPipeline = { id: PipelineId.parse(randomUUID()), epoch: 1, stages };
  const progress = new ProgressBook();
  const sent: FromHubMessage['type'][] = [];
  const chunks: unknown[] = [];
  const silent: (string | undefined)[] = [];
  const doubted: WorkerId[] = [];
  const gone = new Set<string>();
  const stage = (name: string): ReadyStage =>
    stages.find(({ workerName }) => workerName === name) as ReadyStage;
  const session = new Session(
    {
      pipeline,
      send: (workerId, message) => {
        sent.push(message.type);
        if ('chunkTokens' in message) chunks.push(message.chunkTokens);
        return ![...gone].some((name) => stage(name).workerId === workerId);
      },
      progress,
      doubt: (ids) => doubted.push(...ids),
      onSilent: (ids) =>
        silent.push(...ids.map((one) => stages.find(({ workerId }) => workerId === one)?.workerName)),
    },
    {
      id,
      cacheId: CacheId.parse(randomUUID()),
      prompt,
      answered: [],
      resumes: false,
      maxTokens: 5,
      stopTokenIds: [],
      chunkTokens: 2048,
      sampling: {} as never,
    },
  );
  const opened = (name: string): void => {
    const { workerId, assignmentId } = stage(name);
    session.receive(workerId, { type: 'session-opened', sessionId: id, assignmentId, epoch: 1, ...kept });
  };
  const closed = (name: string, tokens: number): void => {
    const { workerId, assignmentId } = stage(name);
    const timings = { tokens } as StageTimings;
    session.receive(workerId, { type: 'session-closed', sessionId: id, assignmentId, timings });
  };
  const failed = (name: string, code: SessionErrorCode, peer?: string): void => {
    const { workerId, assignmentId } = stage(name);
    session.receive(workerId, {
      ...{ type: 'session-failed', sessionId: id, assignmentId, epoch: 1, code },
      message: 'no answer within 3 s',
      ...(peer === undefined ? {} : { peer: stage(peer).workerId }),
    });
  };
  const wentOn = (name: string, position: number): void => {
    const { workerId, assignmentId } = stage(name);
    session.receive(workerId, {
      ...{ type: 'session-progress', sessionId: id, assignmentId, epoch: 1 },
      position,
    });
  };
  const token = (name: string, position: number): void => {
    session.receive(stage(name).workerId, {
      ...{ type: 'token', sessionId: id, epoch: 1, position, token: 7 },
      ...{ logprob: -1, topLogprobs: [] },
    });
  };
  return {
    pipeline,
    stage,
    progress,
    wentOn,
    token,
    session,
    sent,
    chunks,
    silent,
    doubted,
    gone,
    opened,
    closed,
    failed,
  };
}

test('a neighbour that does not answer is called by its name and suspected, not the one that says so', async () => {
  const { session, silent, opened, failed } = openSession('ada', 'bob');
  const started = session.start();
  opened('ada');
  opened('bob');
  await started;
  const token = session.nextToken();
  failed('ada', 'peer-unreachable', 'bob');
  await expect(token).rejects.toMatchObject({
    code: 'worker_lost',
    message: 'bob does not answer ada: no answer within 3 s',
  });
  // It woke up, and sees that nobody answers it any more.
  failed('bob', 'peer-unreachable', 'ada');
  expect(silent).toEqual(['bob']);
});

test('while nothing goes on for half a second the workers are asked for a sign of life, and not while something does', async () => {
  const { session, stage, doubted, opened, token } = openSession('ada', 'bob');
  const started = session.start();
  opened('ada');
  opened('bob');
  await started;
  for (let position = 3; position < 6; position++) {
    await vi.advanceTimersByTimeAsync(400);
    token('bob', position);
  }
  expect(doubted).toEqual([]);
  // So that they are missed within 1.6 s: a second is for their answer.
  await vi.advanceTimersByTimeAsync(500);
  expect(doubted.slice(0, 2)).toEqual([stage('ada').workerId, stage('bob').workerId]);
  await vi.advanceTimersByTimeAsync(5000);
  const times = doubted.length;
  session.fail(new GenerationError('cancelled', 'nobody wants it'));
  await vi.advanceTimersByTimeAsync(5000);
  expect(doubted).toHaveLength(times);
});

test('a neighbour that sends nonsense is named, and not suspected of silence', async () => {
  const { session, silent, failed } = openSession('ada', 'bob');
  const started = session.start();
  failed('bob', 'bad-frame', 'ada');
  await expect(started).rejects.toThrow('bob, about ada: no answer within 3 s');
  expect(silent).toEqual([]);
});

test('workers that do not open a session in time are named and suspected', async () => {
  const { session, silent, opened } = openSession('ada', 'bob', 'cleo');
  const started = session.start();
  opened('bob');
  const refused = expect(started).rejects.toThrow('ada, cleo did not respond for 30 s');
  await vi.advanceTimersByTimeAsync(30_000);
  await refused;
  expect(silent).toEqual(['ada', 'cleo']);
});

test('where no token comes, the worker whose step is outstanding is suspected', async () => {
  const { session, silent, opened, closed } = openSession('ada', 'bob');
  const started = session.start();
  opened('ada');
  opened('bob');
  await started;
  const refused = expect(session.nextToken()).rejects.toThrow('bob stopped responding for 300 s');
  await vi.advanceTimersByTimeAsync(300_000);
  closed('bob', 0);
  closed('ada', 3);
  await refused;
  expect(silent).toEqual(['bob']);
});

test.each([
  ['what a stage claims', 0.01, 30],
  ['what a slow stage measured', 4000, 240],
])('a stage that gives no token is suspected after a time that comes from %s', async (_, ms, seconds) => {
  const { session, silent, opened, closed } = openSessionOf(
    { prompt: [1, 2, 3], tried: { tokenStepMs: ms } },
    'ada',
  );
  const started = session.start();
  opened('ada');
  await started;
  const refused = expect(session.nextToken()).rejects.toThrow(`ada stopped responding for ${seconds} s`);
  await vi.advanceTimersByTimeAsync(seconds * 1000 - 1);
  expect(silent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  closed('ada', 0);
  await refused;
  expect(silent).toEqual(['ada']);
});

test('from the first token on, the steps of the session itself set the deadline', async () => {
  const { session, opened, closed, token } = openSession('ada');
  const started = session.start();
  opened('ada');
  await started;
  await vi.advanceTimersByTimeAsync(5000);
  token('ada', 3);
  await session.nextToken();
  const refused = expect(session.nextToken()).rejects.toThrow('stopped responding for 100 s');
  await vi.advanceTimersByTimeAsync(100_000);
  closed('ada', 3);
  await refused;
});

test('workers that are still there tell their times when another one is lost', async () => {
  const { session, gone, closed, silent } = openSession('ada', 'bob', 'cleo');
  const started = session.start();
  gone.add('bob');
  session.abandon(new GenerationError('worker_lost', 'worker bob is gone'));
  await expect(started).rejects.toThrow('worker bob is gone');
  const end = session.close();
  closed('ada', 3);
  closed('cleo', 1);
  await end;
  expect([...session.timings.values()].map(({ tokens }) => tokens)).toEqual([3, 1]);
  expect(silent).toEqual([]);
});

test('nobody waits for the times of a worker that has given its stage up', async () => {
  const { session, failed, closed } = openSession('ada', 'bob');
  const started = session.start();
  failed('bob', 'stage-gone');
  await expect(started).rejects.toThrow('bob: no answer');
  const end = session.close();
  closed('ada', 3);
  await end;
  expect(session.timings.size).toBe(1);
});

test('a prompt is waited for as long as a stage goes on with it, and no longer', async () => {
  const { session, opened, closed, wentOn } = openSession('ada', 'bob');
  const started = session.start();
  opened('ada');
  opened('bob');
  await started;
  let over = false;
  const token = session.nextToken();
  token.catch(() => (over = true));
  for (const [name, position] of [
    ['ada', 1],
    ['ada', 2],
    ['bob', 1],
    ['bob', 2],
  ] as const) {
    await vi.advanceTimersByTimeAsync(299_000);
    wentOn(name, position);
  }
  await vi.advanceTimersByTimeAsync(299_000);
  expect(over).toBe(false);
  // Said again, and more than there is: no progress.
  wentOn('bob', 2);
  wentOn('bob', 9);
  await vi.advanceTimersByTimeAsync(1000);
  closed('ada', 3);
  closed('bob', 2);
  await expect(token).rejects.toMatchObject({ code: 'stage_timeout' });
});

test('a prompt waits for its turn while the pipeline answers others', async () => {
  const { session, opened, closed, progress, pipeline } = openSession('ada');
  const started = session.start();
  opened('ada');
  await started;
  const token = session.nextToken();
  const refused = expect(token).rejects.toMatchObject({ code: 'stage_timeout' });
  await vi.advanceTimersByTimeAsync(200_000);
  progress.made(pipeline.id);
  let over = false;
  token.catch(() => (over = true));
  await vi.advanceTimersByTimeAsync(299_000);
  expect(over).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  closed('ada', 0);
  await refused;
});

test('a worker that computes for others may take longer to open a session than one that stands still', async () => {
  const { session, progress, stage, silent } = openSession('ada', 'bob');
  const started = session.start();
  const refused = expect(started).rejects.toThrow('bob did not respond for 30 s');
  await vi.advanceTimersByTimeAsync(20_000);
  progress.made(stage('ada').workerId);
  await vi.advanceTimersByTimeAsync(10_000);
  await refused;
  expect(silent).toEqual(['bob']);
});

test('a session whose description is too long for workers is not sent', async () => {
  const { session, sent } = openSession('ada');
  const { session: long, sent: sentLong } = openSessionOf(
    { prompt: Array.from({ length: 1_000_000 }, () => 10_000) },
    'ada',
  );
  await expect(long.start()).rejects.toMatchObject({ code: 'request_too_large' });
  expect(sentLong).toEqual([]);
  void session.start().catch(() => undefined);
  expect(sent).toEqual(['open-session']);
});

test('every stage is told the chunk in which the first one runs the prompt', async () => {
  const { session, chunks, opened } = openSession('ada', 'bob');
  const started = session.start();
  opened('ada');
  opened('bob');
  await started;
  expect(chunks).toEqual([2048, 2048]);
});
