/** What a neighbour sends that it should not: one session's error, while another one at the same stage goes on unharmed. */
import { randomUUID } from 'node:crypto';
import {
  AssignmentId,
  CacheId,
  PipelineId,
  SessionId,
  Sha256,
  WorkerId,
  type Frame,
  type FromWorkerMessage,
  type OpenSession,
  type SessionFailed,
  type StepFrame,
} from '@potluck/protocol';
import { beforeEach, expect, it } from 'vitest';
import { echoStage, echoStageHost } from '../../testing/echoStageHost.ts';
import { silentLog } from '../log.ts';
import { StageCaches } from './stageCaches.ts';
import { StageSessions } from './stageSessions.ts';

const [before, here, after] = [randomUUID(), randomUUID(), randomUUID()].map((id) => WorkerId.parse(id)) as [
  WorkerId,
  WorkerId,
  WorkerId,
];
const limits = { capacity: 20, promptLength: 4, lengthLimit: 20, stopTokenIds: [], chunkTokens: 8 };

/** The second of three stages, or the first, with what it says and sends. */
async function stageAt(stageIndex: 0 | 1) {
  const graph = { sha256: Sha256.parse('a'.repeat(64)), size: 10 };
  const description = echoStage({ layerCount: 3, firstLayer: stageIndex, lastLayer: stageIndex, graph });
  const stage = await echoStageHost().load({ description, graph: new Uint8Array(0), weights: [] }, 1e6);
  const assignmentId = AssignmentId.parse(randomUUID());
  const told: FromWorkerMessage[] = [];
  const sent: Frame[] = [];
  const caches = new StageCaches({ stage, log: silentLog }, { retainBytes: 1e6 });
  const places = [before, here, after].map((workerId, index) => ({
    ...{ workerId, name: `worker ${index}` },
    assignmentId: index === stageIndex ? assignmentId : AssignmentId.parse(randomUUID()),
  }));
  const sessions = new StageSessions(
    {
      caches,
      sendToHub: (message) => void told.push(message),
      sendFrame: (_, frame) => {
        sent.push(frame);
        return { encodeMs: 0, bytes: 0 };
      },
      drained: () => undefined,
      log: silentLog,
    },
    {
      ...{ assignmentId, pipelineId: PipelineId.parse(randomUUID()), epoch: 1, stageIndex },
      ...{ stages: places, stage: description },
    },
  );
  const open = async (more: Partial<OpenSession> = {}): Promise<SessionId> => {
    const sessionId = SessionId.parse(randomUUID());
    const about = { sessionId, assignmentId, epoch: 1, cacheId: CacheId.parse(randomUUID()) };
    await sessions.open({ type: 'open-session', ...about, ...limits, ...more });
    return sessionId;
  };
  const failureOf = (id: SessionId): SessionFailed | undefined =>
    told.find((one): one is SessionFailed => one.type === 'session-failed' && one.sessionId === id);
  const positionsOf = (id: SessionId): number[] =>
    sent.flatMap((one) => (one.sessionId === id && one.kind === 'step' ? one.position : []));
  return { sessions, open, failureOf, positionsOf, sent, told, assignmentId };
}

const from = (peer: WorkerId, bytes = 48) => ({
  from: peer,
  arrivedAt: 0,
  decodeMs: 0,
  bytes,
  relayed: false,
});
const step = (sessionId: SessionId, position: number, length = 1): StepFrame => ({
  ...{ kind: 'step', sessionId, epoch: 1, position, stageIndex: 1, sentAt: 0, length, sample: false },
  tensors: [{ type: 'float32', dims: [1, length, 2], bytes: new Uint8Array(8 * length) }],
});
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let stage: Awaited<ReturnType<typeof stageAt>>;
let bystander: SessionId;
beforeEach(async () => {
  stage = await stageAt(1);
  bystander = await stage.open();
  stage.sessions.step(step(bystander, 0, 4), from(before));
  await settled();
});

/** The other session takes its next step, and its peer's fault is told of none but its own. */
async function isUnharmed(): Promise<void> {
  stage.sessions.step(step(bystander, 4), from(before));
  await settled();
  expect(stage.positionsOf(bystander)).toEqual([0, 4]);
  expect(stage.failureOf(bystander)).toBe(undefined);
}

it.each([
  ['sends tokens once more that the stage has', 0, 4],
  ['sends a step back', 3, 1],
  ['leaves a token out', 5, 1],
])('a neighbour that %s ends its session', async (_, position, length) => {
  const session = await stage.open();
  stage.sessions.step(step(session, 0, 4), from(before));
  stage.sessions.step(step(session, position, length), from(before));
  await settled();
  expect(stage.failureOf(session)).toMatchObject({ code: 'cache-miss' });
  await isUnharmed();
});

it('a neighbour that replays more than the stage was told to lack ends its session', async () => {
  const cacheId = CacheId.parse(randomUUID());
  const first = await stage.open({ cacheId });
  stage.sessions.step(step(first, 0, 4), from(before));
  await settled();
  const sessionId = await stage.open({ cacheId, epoch: 2, keep: 4 });
  const about = { sessionId, assignmentId: stage.assignmentId, epoch: 2 };
  await stage.sessions.resume({ type: 'resume-session', ...about, length: 4, sendFrom: 4, sampleAfter: 6 });
  stage.sessions.step({ ...step(sessionId, 0, 4), epoch: 2 }, from(before));
  await settled();
  expect(stage.failureOf(sessionId)).toMatchObject({ code: 'cache-miss' });
  await isUnharmed();
});

it('what comes before a stage goes on is held up to a bound, and only that session ends beyond it', async () => {
  const session = await stage.open({ keep: 0 });
  const long = from(before, 40 * 1024 * 1024);
  stage.sessions.step(step(session, 0), long);
  stage.sessions.step(step(session, 1), long);
  expect(stage.failureOf(session)).toMatchObject({ code: 'bad-frame' });
  await isUnharmed();
});

it('frames of a worker that is not the one before the stage count for nobody', async () => {
  stage.sessions.step(step(bystander, 4), from(after));
  stage.sessions.step(step(bystander, 4), from(WorkerId.parse(randomUUID())));
  stage.sessions.token({ ...step(bystander, 4), kind: 'token', tokens: [1] }, from(before));
  await settled();
  await isUnharmed();
});

it('a session whose cache another one goes on with can’t be gone on with by the former', async () => {
  const cacheId = CacheId.parse(randomUUID());
  const former = await stage.open({ cacheId });
  stage.sessions.step(step(former, 0, 4), from(before));
  await settled();
  const latter = await stage.open({ cacheId, epoch: 2, keep: 4 });
  stage.sessions.step(step(former, 4), from(before));
  await settled();
  expect(stage.failureOf(former)).toMatchObject({ code: 'cache-miss' });
  expect(stage.failureOf(latter)).toBe(undefined);
  await isUnharmed();
});

it('several tokens in one frame run one by one, and the last stage draws after the last of them', async () => {
  const first = await stageAt(0);
  const session = await first.open();
  const { sessions, assignmentId, sent } = first;
  const about = { sessionId: session, assignmentId, epoch: 1 };
  await sessions.prompt({ type: 'prompt', ...about, position: 0, tokens: [5, 6, 7, 8], steps: [4] });
  const frame = { ...step(session, 4), kind: 'token' as const, stageIndex: 0 };
  sessions.token({ ...frame, tokens: [9, 10, 11] }, from(after));
  await settled();
  const steps = sent.map((one) => (one.kind === 'step' ? [one.position, one.length, one.sample] : []));
  expect(steps).toEqual([
    [0, 4, true],
    [4, 1, false],
    [5, 1, false],
    [6, 1, true],
  ]);
  const other = await first.open();
  const more = { ...about, sessionId: other };
  await sessions.prompt({ type: 'prompt', ...more, position: 0, tokens: [5, 6, 7, 8], steps: [4] });
  sessions.token({ ...frame, sessionId: other, tokens: new Array<number>(17).fill(9) }, from(after));
  expect(first.failureOf(other)).toMatchObject({ code: 'no-room' });
  sessions.token({ ...frame, position: 6, tokens: [9, 10] }, from(after));
  expect(first.failureOf(session)).toMatchObject({ code: 'cache-miss' });
});
