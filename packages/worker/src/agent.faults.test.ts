import { randomBytes, randomUUID } from 'node:crypto';
import type { StageHost } from '@potluck/engine';
import {
  AssignmentId,
  CacheId,
  cutIntoSlices,
  encodeFrame,
  encodeRelay,
  PipelineId,
  SessionId,
  WorkerId,
  type Assign,
  type Frame,
  type SessionErrorCode,
  type StageDescription,
} from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { deferred } from './deferred.ts';
import { echoAnswer, echoStageHost, type ScriptedHub, type ScriptedWorker } from '../testing/index.ts';
import { cut, join, pipeline, startAgent, startHub, stopAll } from '../testing/joinedAgents.ts';

afterEach(stopAll);

const prompt = [5, 6, 7, 8];

/** Opens a session at the second of two stages and lets the hub pose as the first. */
async function victim(hub: ScriptedHub) {
  const { joined, workers, assigns } = await pipeline(hub, 2);
  const [first, second] = workers as [ScriptedWorker, ScriptedWorker];
  const { assignmentId } = assigns[1] as Assign;
  const sessionId = SessionId.parse(randomUUID());
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, frequencyPenalty: 0 };
  second.send({
    type: 'open-session',
    sessionId,
    assignmentId,
    epoch: 0,
    cacheId: CacheId.parse(randomUUID()),
    capacity: 20,
    promptLength: 4,
    lengthLimit: 20,
    stopTokenIds: [],
    sampling: { ...sampling, presencePenalty: 0, logitBias: [], seed: 1, choiceIndex: 0 },
  });
  await second.message('session-opened', (message) => message.sessionId === sessionId);
  let number = 1_000_000;
  const sendSlice = (slice: Uint8Array, from = first.hello.workerId): void =>
    second.sendRaw(encodeRelay(from, slice));
  const sendBytes = (bytes: Uint8Array, from?: WorkerId): void => {
    for (const slice of cutIntoSlices(number++, bytes)) sendSlice(slice, from);
  };
  const frame: Frame & { kind: 'step' } = {
    kind: 'step',
    sessionId,
    epoch: 0,
    position: 0,
    stageIndex: 1,
    sentAt: Date.now(),
    length: 1,
    sample: true,
    tensors: [{ type: 'float32', dims: [1, 1, 2], bytes: new Uint8Array(8) }],
  };
  const failure = async (): Promise<[SessionErrorCode, string]> => {
    const { code, message } = await second.message('session-failed', (m) => m.sessionId === frame.sessionId);
    return [code, message];
  };
  return { joined, workers, assigns, frame, sendSlice, sendBytes, failure, second, sessionId };
}

describe('a stage that is loaded in several parts', () => {
  /** Each part takes most of the deadline. */
  const deadlineMs = 1500;
  const partMs = 900;

  it.each([
    { tells: true, state: 'ready' as const },
    { tells: false, state: 'failed' as const },
  ])('has the deadline for each part that it tells of ($tells)', async ({ tells, state }) => {
    const hub = await startHub();
    const host = echoStageHost();
    const stageHost: StageHost = {
      async load(artifact, cacheBytes, onProgress) {
        for (const part of ['first', 'second', 'third']) {
          if (tells) onProgress?.(`tries the ${part} device`);
          await new Promise((resolve) => setTimeout(resolve, partMs));
        }
        return host.load(artifact, cacheBytes);
      },
    };
    const { worker } = await join(hub, {}, { stageHost });
    const [stage] = cut(1, hub.addBlob(randomBytes(50))) as [StageDescription];
    const assignmentId = AssignmentId.parse(randomUUID());
    worker.send({
      ...{
        type: 'assign',
        assignmentId,
        pipelineId: PipelineId.parse(randomUUID()),
        epoch: 0,
        stageIndex: 0,
      },
      ...{ stages: [{ assignmentId, workerId: worker.hello.workerId, name: 'tester' }], stage, deadlineMs },
    });
    await worker.message('stage-report', (report) => report.state === state);
    const told = worker.messages.flatMap((m) => (m.type === 'stage-report' ? (m.reason ?? []) : []));
    if (tells) expect(told).toContain('tries the third device');
    else expect(told).toContain('no progress for 1500 ms while compiling');
  });
});

describe('a stage that is sent nonsense', () => {
  it('refuses a tensor of another shape', async () => {
    const { frame, sendBytes, failure } = await victim(await startHub());
    frame.tensors = [{ type: 'float32', dims: [1, 1, 3], bytes: new Uint8Array(12) }];
    sendBytes(encodeFrame(frame));
    expect(await failure()).toEqual([
      'bad-frame',
      'tensor row is float32 [1, 1, 3], this stage takes float32 [1, 1, 2]',
    ]);
  });

  it('refuses a length that is not that of its tensors, and one beyond what was reserved', async () => {
    const hub = await startHub();
    const short = await victim(hub);
    short.frame.length = 2;
    short.sendBytes(encodeFrame(short.frame));
    expect((await short.failure())[0]).toBe('bad-frame');
    const long = await victim(hub);
    long.frame.length = 21;
    long.frame.tensors = [{ type: 'float32', dims: [1, 21, 2], bytes: new Uint8Array(168) }];
    long.sendBytes(encodeFrame(long.frame));
    expect((await long.failure())[0]).toBe('no-room');
  });

  it('answers cache-miss to another position, a later epoch and an unknown session', async () => {
    const hub = await startHub();
    for (const change of [{ position: 3 }, { epoch: 7 }, { sessionId: SessionId.parse(randomUUID()) }]) {
      const { frame, sendBytes, failure } = await victim(hub);
      Object.assign(frame, change);
      sendBytes(encodeFrame(frame));
      expect((await failure())[0]).toBe('cache-miss');
    }
  });

  it('fails only the session of a frame that can not be read', async () => {
    const { frame, sendBytes, failure, workers, assigns } = await victim(await startHub());
    const bytes = encodeFrame(frame);
    bytes[6] = 200;
    sendBytes(bytes);
    expect((await failure())[0]).toBe('bad-frame');
    expect(workers.length + assigns.length).toBe(4);
  });

  it.each([
    ['an oversized slice', new Uint8Array(65_500).fill(9)],
    ['a slice of a frame that is too long', new Uint8Array(new Uint32Array([1, 0x7fffffff, 0, 0, 1]).buffer)],
    ['a slice that continues nothing', new Uint8Array(new Uint32Array([1, 100, 50, 0, 1]).buffer)],
    ['a link message of no kind', new Uint8Array(new Uint32Array([0xffffffff, 77, 0, 0]).buffer)],
    ['a begin that is cut short', new Uint8Array(new Uint32Array([0xffffffff, 3, 0, 0]).buffer)],
    ['nothing', new Uint8Array(1)],
  ])('survives %s', async (_, slice) => {
    const hub = await startHub();
    const { sendSlice, joined, workers, assigns } = await victim(hub);
    sendSlice(slice);
    // The next message is answered after the bad one.
    const { tokens } = await hub.generate(workers, assigns, prompt, { length: 4 }).catch(() =>
      // What was open with that neighbour when the slice came may have failed; what comes after may not.
      hub.generate(workers, assigns, prompt, { length: 4 }),
    );
    expect(tokens).toEqual(echoAnswer(prompt, 6, 4));
    expect(joined[1]?.agent.refused).toBeGreaterThanOrEqual(0);
  });

  it('drops frames of workers that are not its neighbours, and goes on', async () => {
    const { frame, sendBytes, second } = await victim(await startHub());
    sendBytes(encodeFrame(frame), WorkerId.parse(randomUUID()));
    sendBytes(encodeFrame(frame));
    const token = await second.message('token');
    expect(token.position).toBe(1);
    expect(second.messages.some(({ type }) => type === 'session-failed')).toBe(false);
  });

  it('takes a frame once, however often it comes', async () => {
    const { frame, sendSlice, second } = await victim(await startHub());
    for (const slice of [...cutIntoSlices(7, encodeFrame(frame)), ...cutIntoSlices(7, encodeFrame(frame))])
      sendSlice(slice);
    await second.message('token');
    expect(second.messages.some(({ type }) => type === 'session-failed')).toBe(false);
  });

  it('keeps a session that is opened twice', async () => {
    const { second, assigns, sessionId, frame, sendBytes } = await victim(await startHub());
    const { assignmentId } = assigns[1] as Assign;
    const limits = { capacity: 20, promptLength: 4, lengthLimit: 20, stopTokenIds: [] };
    const cacheId = CacheId.parse(randomUUID());
    second.send({ type: 'open-session', sessionId, assignmentId, epoch: 0, cacheId, ...limits });
    sendBytes(encodeFrame(frame));
    await second.message('token');
    expect(second.messages.filter(({ type }) => type === 'session-opened')).toHaveLength(1);
  });
});

describe('a hub', () => {
  it('that sends what is no message is told nothing and loses nothing', async () => {
    const hub = await startHub();
    const { joined, workers, assigns } = await pipeline(hub, 1);
    for (const raw of ['{', '{"type":"dance"}', '{"type":"assign"}']) workers[0]?.sendRaw(raw);
    const { tokens } = await hub.generate(workers, assigns, prompt, { length: 3 });
    expect(tokens).toEqual(echoAnswer(prompt, 6, 3));
    expect(joined[0]?.agent.refused).toBe(3);
  });

  it('that refuses for good ends the agent with its words', async () => {
    const hub = await startHub();
    hub.onHello = () => ({
      type: 'refusal',
      code: 'bad-token',
      message: 'ask Ada for a token',
      retry: false,
    });
    const { agent } = startAgent(hub, { token: 'wrong' });
    await expect(agent.finished).rejects.toThrow('ask Ada for a token');
  });

  it('that refuses for now is asked again', async () => {
    const hub = await startHub();
    let refusals = 0;
    hub.onHello = () =>
      refusals++ === 0
        ? { type: 'refusal', code: 'shutting-down', message: 'later', retry: true }
        : undefined;
    const { worker } = await join(hub);
    expect(worker.hello.name).toBe('tester');
  });

  it('that vanishes finds the same worker, its stages loaded, when it is back', async () => {
    const hub = await startHub();
    const { joined, workers, assigns } = await pipeline(hub, 1);
    workers[0]?.cut();
    const again = await hub.worker();
    expect(again.hello.workerId).toBe(workers[0]?.hello.workerId);
    await again.message('stage-report', ({ state }) => state === 'ready');
    const { tokens } = await hub.generate([again], assigns, prompt, { length: 3 });
    expect(tokens).toEqual(echoAnswer(prompt, 6, 3));
    expect(joined[0]?.host.artifacts).toHaveLength(1);
  });

  it('that falls silent, its socket open, is looked for anew', async () => {
    const hub = await startHub({ welcome: { leaseMs: 300 } });
    hub.answersRenewals = false;
    const { worker } = await join(hub);
    const again = await hub.worker();
    expect(again.hello.workerId).toBe(worker.hello.workerId);
  });

  it('gets a renewal when nothing else is said', async () => {
    const hub = await startHub({ welcome: { leaseMs: 300 } });
    const { worker } = await join(hub);
    await worker.message('renew');
  });
});

it('a session that is opened anew is not ended by a step that still ran for it before', async () => {
  const hub = await startHub();
  const { joined, workers, assigns } = await pipeline(hub, 1);
  const [{ host }, worker] = [joined[0]!, workers[0]!];
  const { assignmentId } = assigns[0] as Assign;
  const sessionId = SessionId.parse(randomUUID());
  const sampling = { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, frequencyPenalty: 0 };
  const begin = async (epoch: number): Promise<void> => {
    const about = { sessionId, assignmentId, epoch };
    worker.send({
      type: 'open-session',
      ...about,
      cacheId: CacheId.parse(randomUUID()),
      ...{ capacity: 20, promptLength: 4, lengthLimit: 20, stopTokenIds: [] },
      sampling: { ...sampling, presencePenalty: 0, logitBias: [], seed: 1, choiceIndex: 0 },
    });
    await worker.message('session-opened', (opened) => opened.epoch === epoch);
    worker.send({ type: 'prompt', ...about, position: 0, tokens: prompt, steps: [prompt.length] });
  };
  const former = deferred<void>();
  host.holdSteps = former.promise;
  await begin(0);
  const next = deferred<void>();
  host.holdSteps = next.promise;
  await begin(1);
  former.resolve();
  host.holdSteps = undefined;
  next.resolve();
  const { finish } = await worker.message(
    'token',
    (token) => token.epoch === 1 && token.finish !== undefined,
  );
  expect(finish).toBe('length');
  expect(worker.messages.filter(({ type }) => type === 'session-failed')).toEqual([]);
});

describe('a stage whose engine dies', () => {
  it('fails its sessions and itself with the reason, and can be assigned again', async () => {
    const hub = await startHub();
    const { joined, workers, assigns } = await pipeline(hub, 1);
    const [{ host }] = joined as [(typeof joined)[0]];
    const hold = deferred<void>();
    host.holdSteps = hold.promise;
    const answer = hub.generate(workers, assigns, prompt, { length: 5 });
    await workers[0]?.message('session-opened');
    host.crash('out of memory');
    await expect(answer).rejects.toThrow('compute-failed: out of memory');
    const report = await workers[0]?.message('stage-report', ({ state }) => state === 'failed');
    expect(report?.reason).toBe('out of memory');
    host.holdSteps = undefined;
    hold.resolve();
    const { stage } = assigns[0] as Assign;
    const next = await hub.deploy([{ worker: workers[0] as ScriptedWorker, stage }]);
    const { tokens } = await hub.generate(workers, next, prompt, { length: 3 });
    expect(tokens).toEqual(echoAnswer(prompt, 6, 3));
  });
});
