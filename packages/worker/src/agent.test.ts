import { randomBytes, randomUUID } from 'node:crypto';
import {
  AssignmentId,
  SessionId,
  type Assign,
  type FromWorkerMessage,
  type StageDescription,
} from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { echoAnswer, echoScore } from '../testing/echoStageHost.ts';
import { cut, join, pipeline, startHub, stopAll } from '../testing/joinedAgents.ts';
import type { AgentEvent } from './agentEvent.ts';
import { deferred } from './deferred.ts';

afterEach(stopAll);

const prompt = Array.from({ length: 150 }, (_, index) => (index * 7) % 100);

describe('a worker agent', () => {
  it.each([1, 2, 3])('answers as the whole model does when it is cut into %i stages', async (count) => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, count);
    const { tokens, finish } = await hub.generate(workers, assigns, prompt, { length: 20 });
    expect(tokens).toEqual(echoAnswer(prompt, 6, 20));
    expect(finish).toBe('length');
  });

  it('sends frames of many slices, and answers of many sessions at once', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 2, { width: 4096 });
    const answers = await Promise.all(
      [1, 2, 3, 4].map((seed) => hub.generate(workers, assigns, [...prompt, seed], { length: 8 })),
    );
    for (const [index, { tokens }] of answers.entries()) {
      expect(tokens).toEqual(echoAnswer([...prompt, index + 1], 6, 8));
    }
  });

  it('stops at a stop token', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 2);
    const expected = echoAnswer(prompt, 6, 20);
    const stop = expected[3] as number;
    const { tokens, finish } = await hub.generate(workers, assigns, prompt, {
      length: 20,
      stopTokenIds: [stop],
    });
    expect(tokens).toEqual(expected.slice(0, expected.indexOf(stop) + 1));
    expect(finish).toBe('stop');
  });

  it('reports every state on the way to ready, and keeps what it fetched', async () => {
    const hub = await startHub();
    const { worker, store } = await join(hub);
    const packs = [hub.addBlob(randomBytes(300_000)), hub.addBlob(randomBytes(1000))];
    const [stage] = cut(1, hub.addBlob(randomBytes(50)), { packs }) as [StageDescription];
    await hub.deploy([{ worker, stage }]);
    const states = worker.messages.flatMap((m) => (m.type === 'stage-report' ? [m.state] : []));
    expect([...new Set(states)]).toEqual([
      'assigned',
      'downloading',
      'compiling',
      'warming',
      'connecting',
      'ready',
    ]);
    expect([...store.whole.keys()].sort()).toEqual(
      [stage.graph, ...packs].map(({ sha256 }) => sha256).sort(),
    );
    const ready = await worker.message('stage-report', ({ state }) => state === 'ready');
    expect(ready.cacheBytes).toBeGreaterThan(0);
  });

  it('gives the caches of a stage that serves other room as soon as the hub says so, and its sessions go on', async () => {
    const hub = await startHub();
    const { worker, host } = await join(hub);
    const [stage] = cut(1, hub.addBlob(randomBytes(50))) as [StageDescription];
    const tokens = (count: number): number => count * stage.cacheBytesPerToken;
    const [assign] = (await hub.deploy([{ worker, stage }], { cacheBytes: tokens(300) })) as [Assign];
    const held = deferred<void>();
    host.holdSteps = held.promise;
    const short = hub.generate([worker], [assign], prompt, { length: 20 });
    await worker.message('session-opened');
    worker.send({ ...assign, cacheBytes: tokens(2000) });
    await worker.message(
      'stage-report',
      ({ state, cacheBytes }) => state === 'ready' && cacheBytes === tokens(2000),
    );
    const long = hub.generate([worker], [assign], prompt, { length: 1500 });
    held.resolve();
    expect((await short).tokens).toEqual(echoAnswer(prompt, 6, 20));
    expect((await long).tokens).toEqual(echoAnswer(prompt, 6, 1500));
    const states = worker.messages.flatMap((m) => (m.type === 'stage-report' ? [m.state] : []));
    expect(states.filter((state) => state === 'connecting')).toHaveLength(1);
  });

  it('closes a session with its timings and frees its cache', async () => {
    const hub = await startHub();
    const { joined, workers, assigns } = await pipeline(hub, 2);
    const { sessionId } = await hub.generate(workers, assigns, prompt, { length: 5, chunkTokens: 50 });
    for (const [index, worker] of workers.entries()) {
      const { assignmentId } = assigns[index] as (typeof assigns)[0];
      worker.send({ type: 'close-session', sessionId, assignmentId });
      const { timings } = await worker.message('session-closed');
      // Three chunks and the four tokens that are fed back.
      expect(timings).toMatchObject({ steps: 7, tokens: 154, relayedFrames: index === 0 ? 4 : 7 });
      expect(joined[index]?.host.openCaches.size).toBe(0);
    }
  });

  it('tells the hub what its stages use: weights when loaded, caches while sessions are open', async () => {
    const hub = await startHub();
    const { worker } = await join(hub, {}, { processBytes: () => 250e6 });
    expect(await worker.message('load')).toMatchObject({ usedBytes: { weights: 0, caches: 0 } });
    const packs = [hub.addBlob(randomBytes(3000))];
    const [stage] = cut(1, hub.addBlob(randomBytes(50)), { packs }) as [StageDescription];
    const [assign] = (await hub.deploy([{ worker, stage }])) as [Assign];
    const { sessionId } = await hub.generate([worker], [assign], prompt, { length: 5 });
    const used = await worker.message('load', ({ usedBytes }) => usedBytes.caches > 0);
    const caches = 155 * stage.cacheBytesPerToken;
    expect(used).toMatchObject({ usedBytes: { weights: 3000, caches }, processBytes: 250e6 });
    worker.send({ type: 'close-session', sessionId, assignmentId: assign.assignmentId });
    worker.send({ type: 'release', assignmentId: assign.assignmentId });
    const after = (load: FromWorkerMessage) => worker.messages.indexOf(load) > worker.messages.indexOf(used);
    expect(await worker.message('load', after)).toMatchObject({ usedBytes: { weights: 0, caches: 0 } });
  });

  it('times steps of one token apart from chunks of a prompt', async () => {
    const hub = await startHub();
    const { joined, workers, assigns } = await pipeline(hub, 1);
    const [{ host }] = joined as [(typeof joined)[0]];
    host.holdSteps = new Promise((resolve) => setTimeout(resolve, 20));
    const { sessionId } = await hub.generate(workers, assigns, prompt, { length: 5, chunkTokens: 50 });
    const { assignmentId } = assigns[0] as Assign;
    workers[0]?.send({ type: 'close-session', sessionId, assignmentId });
    const { timings } = (await workers[0]?.message('session-closed')) ?? {};
    expect(timings).toMatchObject({ steps: 7, tokenSteps: 4, tokens: 154 });
    expect(timings?.promptStepsMs).toBeGreaterThan(0);
    expect(timings?.tokenStepsMs).toBeGreaterThan(0);
  });

  it('says after each chunk of a prompt how far it is', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 2);
    await hub.generate(workers, assigns, prompt, { length: 5, chunkTokens: 50 });
    const positions = workers.map(({ messages }) =>
      messages.flatMap((message) => (message.type === 'session-progress' ? [message.position] : [])),
    );
    // After the last chunk the last stage says the token instead.
    expect(positions).toEqual([
      [50, 100, 150],
      [50, 100],
    ]);
  });

  it('tells how likely the tokens of a prompt are, in order, before the first token of the answer', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 2);
    await hub.generate(workers, assigns, prompt, { length: 2, chunkTokens: 50, scores: 20 });
    const messages = workers.at(-1)?.messages ?? [];
    const told = messages.flatMap((message) => (message.type === 'prompt-scores' ? [message] : []));
    let next = 1;
    for (const { position, scores } of told) {
      expect(position).toBe(next);
      next += scores.length;
    }
    let sum = 0;
    const expected = prompt.slice(1).map((token, index) => {
      sum += (prompt[index] ?? 0) + 6;
      return echoScore(sum, token, 20);
    });
    expect(told.flatMap(({ scores }) => scores)).toEqual(expected);
    const types = messages.map(({ type }) => type);
    expect(types.lastIndexOf('prompt-scores')).toBeLessThan(types.indexOf('token'));
  });

  it('times the chunks that it is asked to try before its stage serves', async () => {
    const hub = await startHub();
    const { worker } = await join(hub);
    const [stage] = cut(1, hub.addBlob(randomBytes(50))) as [StageDescription];
    await hub.deploy([{ worker, stage }], { promptTrials: [256, 512] });
    const ready = await worker.message('stage-report', ({ state }) => state === 'ready');
    expect(ready.promptSteps?.map(({ tokens }) => tokens)).toEqual([256, 512]);
  });

  it('asks its host to run a stage as it ran elsewhere, and says in what it runs here', async () => {
    const hub = await startHub();
    const { worker, host } = await join(hub);
    const [stage] = cut(1, hub.addBlob(randomBytes(50))) as [StageDescription];
    const runShape = { graph: 'slots', rows: 4 };
    await hub.deploy([{ worker, stage }], { runShape });
    expect(host.artifacts.map((artifact) => artifact.runShape)).toEqual([runShape]);
    const ready = await worker.message('stage-report', ({ state }) => state === 'ready');
    expect(ready.runShape).toEqual({ graph: 'own', rows: 1 });
  });

  it('runs no more tokens at once than the session said', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 2);
    const options = { length: 5, chunkTokens: 50 };
    expect((await hub.generate(workers, assigns, prompt, options)).tokens).toHaveLength(5);
    await expect(
      hub.generate(workers, assigns, prompt, { ...options, mostTokens: [50, 40] }),
    ).rejects.toThrow('bad-frame: a step of 50 tokens; the session runs at most 40 at once');
    await expect(
      hub.generate(workers, assigns, prompt, { ...options, mostTokens: [40, 50] }),
    ).rejects.toThrow('at most 40 at once');
  });

  it('answers a message about a session that it refuses, and serves the others', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 1);
    const [worker, { assignmentId, epoch }] = [workers[0]!, assigns[0]!];
    const sessionId = SessionId.parse(randomUUID());
    const about = { sessionId, assignmentId, epoch };
    worker.sendRaw(JSON.stringify({ type: 'open-session', ...about, stopTokenIds: 'none' }));
    const { code, message } = await worker.message('session-failed', (one) => one.sessionId === sessionId);
    expect([code, message]).toEqual(['bad-frame', expect.stringContaining('stopTokenIds')]);
    expect((await hub.generate(workers, assigns, prompt, { length: 5 })).tokens).toHaveLength(5);
  });

  it.each([
    { what: 'a graph of 1.5 GB', graphBytes: 1.5e9, packs: 0, reason: /stage\.graph\.size/ },
    { what: 'more than it has memory for', graphBytes: 100, packs: 20, reason: /1200\.0 MB to download/ },
  ])('is given $what, says why it fails, and fetches nothing', async ({ graphBytes, packs, reason }) => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 1);
    const [worker, assign] = [workers[0]!, assigns[0]!];
    const fetched = hub.blobRequests.length;
    const assignmentId = AssignmentId.parse(randomUUID());
    const other = hub.addBlob(randomBytes(100));
    const hostile = {
      ...{ ...assign, assignmentId, stages: [{ ...assign.stages[0], assignmentId }] },
      stage: {
        ...assign.stage,
        graph: { ...other, size: graphBytes },
        packs: Array.from({ length: packs }, () => ({ ...other, size: 60e6 })),
      },
    };
    worker.sendRaw(JSON.stringify(hostile));
    const failed = await worker.message(
      'stage-report',
      (report) => report.assignmentId === assignmentId && report.state === 'failed',
    );
    expect(failed.reason).toMatch(reason);
    expect(hub.blobRequests).toHaveLength(fetched);
    expect((await hub.generate(workers, assigns, prompt, { length: 5 })).tokens).toHaveLength(5);
  });

  it('names its neighbours in its log as people do', async () => {
    const hub = await startHub();
    const lines: { fields: { peer?: unknown }; message: string }[] = [];
    const told = deferred<void>();
    const note = (fields: object, message: string): void => {
      lines.push({ fields, message });
      if (message === 'peer relayed') told.resolve();
    };
    const log = { debug: note, info: note, warn: note, error: note };
    const joined = [await join(hub, { name: 'attic' }, { log }), await join(hub, { name: 'cellar' })];
    const stages = cut(2, hub.addBlob(randomBytes(100)));
    await hub.deploy(
      joined.map(({ worker }, index) => ({ worker, stage: stages[index] as StageDescription })),
    );
    await told.promise;
    const peers = lines.flatMap(({ fields }) => (fields.peer === undefined ? [] : [fields.peer]));
    expect(new Set(peers)).toEqual(new Set(['cellar']));
  });

  it('asks for nothing new before it leaves, and waits until the hub has taken its stages away', async () => {
    const hub = await startHub();
    const { joined, workers, assigns } = await pipeline(hub, 1);
    const [{ agent }, worker, { assignmentId }] = [joined[0]!, workers[0]!, assigns[0]!];
    let isDrained = false;
    const draining = agent.drain().then(() => (isDrained = true));
    await worker.message('leaving');
    // What runs goes on.
    expect((await hub.generate(workers, assigns, prompt, { length: 5 })).tokens).toHaveLength(5);
    expect(isDrained).toBe(false);
    worker.send({ type: 'release', assignmentId });
    await draining;
  });

  it.each(['before', 'meanwhile', 'in silence'] as const)(
    'has nothing to wait for when it leaves a hub that went away, %s',
    async (when) => {
      const hub = await startHub({ welcome: { leaseMs: 300 } });
      const away = deferred<void>();
      const observe = ({ type }: AgentEvent): void => void (type === 'hub-away' && away.resolve());
      const { agent, worker } = await join(hub, {}, { observe });
      const [stage] = cut(1, hub.addBlob(randomBytes(50))) as [StageDescription];
      await hub.deploy([{ worker, stage }]);
      // It does not come back either.
      hub.onHello = () => ({ type: 'refusal', code: 'shutting-down', message: 'not now', retry: true });
      if (when === 'before') {
        worker.cut();
        await away.promise;
      }
      const draining = agent.drain();
      if (when === 'meanwhile') {
        await worker.message('leaving');
        worker.cut();
      }
      if (when === 'in silence') hub.answersRenewals = false;
      await draining;
    },
  );

  it('refuses a session for which there is no room, in numbers', async () => {
    const hub = await startHub();
    const { workers, assigns } = await pipeline(hub, 1);
    const generated = hub.generate(workers, assigns, prompt, { length: 1_000_000_000 });
    await expect(generated).rejects.toThrow(/no-room: asked for 1000000150 tokens, \d+ left/);
  });
});
