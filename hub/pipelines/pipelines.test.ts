import type { Assign } from '@potluck/protocol';
import { afterEach, expect, test } from 'vitest';
import { askChat } from '../testing/askChat.ts';
import { api } from '../testing/apiClient.ts';
import type { ScriptedWorker, ScriptedWorkerInit } from '../testing/scriptedWorker.ts';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

let hub: TestHub;
afterEach(() => hub.close());

const routes = (): string[] =>
  hub.deployment.ready?.stages.map(
    ({ workerName, firstLayer, lastLayer }) => `${workerName}[${firstLayer}-${lastLayer}]`,
  ) ?? [];
const ready = (worker: ScriptedWorker, { assignmentId }: Assign): void =>
  worker.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9 });
const names = (): string[] => hub.deployment.ready?.stages.map(({ workerName }) => workerName) ?? [];

test('what is missing is said with numbers, and a worker that fills it brings the model up', async () => {
  hub = await startTestHub();
  expect(hub.deployment.missing).toMatch(/no device is connected/);
  const small = hub.worker('small', { memoryBytes: 76e6 });
  await small.message('welcome');
  await expect.poll(() => hub.deployment.missing).toMatch(/needs \d+ MB, devices offer 76 MB/);
  hub.worker('other', { memoryBytes: 78e6 });
  await hub.served();
  expect(routes()).toHaveLength(2);
  const health = async (headers = {}): Promise<unknown> =>
    (await fetch(`${hub.url}/health`, { headers })).json();
  expect(await health()).toMatchObject({
    ready: true,
    route: expect.stringContaining('small') as string,
    eventLoopDelayMs: {
      p99: expect.any(Number) as number,
      max: expect.any(Number) as number,
      longestTurn: expect.any(Number) as number,
    },
  });
  // Names are for those who may ask.
  expect(await health({ 'x-forwarded-for': '10.0.0.1' })).toEqual({ status: 'ok', ready: true });
});

test('a worker beyond what is needed stands by, and takes over at once when the one that serves dies', async () => {
  hub = await startTestHub();
  const first = hub.worker('first');
  await hub.served();
  const second = hub.worker('second');
  await second.message('welcome');
  expect(second.received.map(({ type }) => type)).toEqual(['welcome']);
  const losses: string[] = [];
  hub.deployments.listen({ lost: (_replica, _pipeline, reason) => losses.push(reason) });
  first.kill();
  await hub.served(2);
  // A client reads this: no code of the web socket is in it.
  expect(losses).toEqual(['first disconnected']);
  expect(routes()).toEqual(['second[0-7]']);
});

test('a worker that fails its stage sits out with its reason, and the stage goes to another', async () => {
  hub = await startTestHub();
  hub.worker('broken', {
    memoryBytes: 2e9,
    onAssign: (worker, { assignmentId }) =>
      worker.send({ type: 'stage-report', assignmentId, state: 'failed', reason: 'shader compiler' }),
  });
  await expect.poll(() => hub.deployment.missing).toMatch(/broken failed \(shader compiler\)/);
  hub.worker('sound');
  await hub.served();
  expect(routes()).toEqual(['sound[0-7]']);
});

test('a model that no device here can run is said once, with a way out, and tried when another kind comes', async () => {
  hub = await startTestHub();
  const reason = 'Could not find an implementation for GatherBlockQuantized(1)';
  let isMended = false;
  const unable: Partial<ScriptedWorkerInit> = {
    onAssign: (worker, assign) => {
      if (isMended) return ready(worker, assign);
      const { assignmentId } = assign;
      worker.send({ type: 'stage-report', assignmentId, state: 'compiling' });
      worker.send({ type: 'stage-report', assignmentId, state: 'failed', reason });
    },
  };
  const assigned = ({ received }: ScriptedWorker): number =>
    received.filter(({ type }) => type === 'assign').length;
  const first = hub.worker('first', unable);
  await expect.poll(() => hub.deployment.missing).toMatch(/no device here can run this variant of the model/);
  expect(hub.deployment.missing).toMatch(
    /\(first: Could not find .*\)\. Add another variant, such as model_q4/,
  );
  // Another device of the kind is not tried; nor is the first one, whatever makes the hub look again.
  const second = hub.worker('second', unable);
  await second.message('welcome');
  expect([assigned(first), assigned(second)]).toEqual([1, 0]);
  expect(hub.deployment.missing).toMatch(/\(first, second: Could not/);
  const gpu = { device: { kind: 'webgpu' as const, description: 'another', float16: false } };
  const third = hub.worker('third', { ...unable, hello: gpu });
  await expect.poll(() => hub.deployment.missing).toMatch(/first, second, third/);
  expect([assigned(first), assigned(second), assigned(third)]).toEqual([1, 0, 1]);
  // The operator asks: all may try again.
  isMended = true;
  await api(hub, 'PUT', '/deployments', { model: 'test-model', revision: 1 });
  await hub.served();
});

test.each(['vanishes', 'is evicted', 'is paused'])(
  'a worker that %s while it loads its stage leaves it to another, and is named meanwhile',
  async (what) => {
    hub = await startTestHub();
    const first = hub.worker('first', { onAssign: () => undefined });
    const { assignmentId } = await first.message('assign');
    first.send({ type: 'stage-report', assignmentId, state: 'compiling' });
    await expect.poll(() => hub.deployment.missing).toMatch(/^first \(layers 0 to 7\) is preparing/);
    if (what === 'vanishes') first.kill();
    else if (what === 'is evicted')
      await api(hub, 'POST', `/nodes/${first.id}/evict`, { reason: 'too slow' });
    else await api(hub, 'PATCH', `/nodes/${first.id}`, { mode: 'paused' });
    const message =
      what === 'is paused'
        ? /needs .*, and no device that has joined can run it; first is paused/
        : /no device is connected/;
    await expect.poll(() => hub.deployment.missing).toMatch(message);
    const refused = await askChat(hub);
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringMatching(message)]);
    hub.worker('second');
    await hub.served();
    expect(routes()).toEqual(['second[0-7]']);
    // What it says too late changes nothing.
    if (what === 'is paused') {
      first.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9 });
      await first.message('release', (message) => message.assignmentId === assignmentId);
      expect(routes()).toEqual(['second[0-7]']);
    }
  },
);

/** Assignments and releases that a worker was sent, in order. */
const stageMessages = (worker: ScriptedWorker): string[] =>
  worker.received.map(({ type }) => type).filter((type) => type === 'assign' || type === 'release');

test('a rebuild after a loss keeps the stage of who is still here, loaded as it is', async () => {
  hub = await startTestHub();
  const [one, two] = ['one', 'two'].map((name) => hub.worker(name, { memoryBytes: 74e6 }));
  await hub.served();
  expect(routes()).toEqual(['one[0-3]', 'two[4-7]']);
  // It has more memory, and would be the first if all were placed anew.
  const large = hub.worker('three', { memoryBytes: 77e6 });
  await large.message('welcome');
  two?.kill();
  await hub.served(2);
  expect(routes()).toEqual(['one[0-3]', 'three[4-7]']);
  // The same layers stay loaded: assigned first, released after.
  await one?.message('release');
  expect(one && stageMessages(one)).toEqual(['assign', 'assign', 'release']);
});

test('a stage of other layers is assigned only after the worker freed the one it had', async () => {
  hub = await startTestHub({ stages: 2 });
  const one = hub.worker('one');
  hub.worker('two');
  await hub.served();
  hub.deployments.deploy(hub.deployment.model, { mode: 'automatic', replicas: 1 }, 1);
  await hub.served(2);
  expect(routes()).toEqual(['one[0-7]']);
  expect(stageMessages(one).slice(-2)).toEqual(['release', 'assign']);
});

test('forced stages wait for local workers that are still starting', async () => {
  let starting = 2;
  hub = await startTestHub({ stages: 2, workersStarting: () => starting });
  const one = hub.worker('one');
  starting = 1;
  await one.message('welcome');
  await expect.poll(() => hub.deployment.missing).toBe('waiting for 1 local worker to start');
  starting = 0;
  hub.worker('two');
  await hub.served();
  expect(routes()).toEqual(['one[0-3]', 'two[4-7]']);
});

test('forced stages share a worker while there are no more, and spread when others come', async () => {
  hub = await startTestHub({ stages: 3 });
  hub.worker('one');
  await hub.served();
  expect(routes()).toHaveLength(3);
  expect(new Set(hub.deployment.ready?.stages.map(({ assignmentId }) => assignmentId)).size).toBe(3);
  // Who has no room for a stage changes nothing.
  await hub.worker('tiny', { memoryBytes: 1e6 }).message('welcome');
  hub.worker('two');
  await hub.served(2);
  expect(names()).toEqual(['one', 'one', 'two']);
  hub.worker('three');
  await hub.served(3);
  expect(names().sort()).toEqual(['one', 'three', 'two']);
});

test('a stage that nobody remembers is released when its worker reports it', async () => {
  hub = await startTestHub();
  const worker = hub.worker('one');
  await hub.served();
  const assignmentId = (await worker.message('assign')).assignmentId.replace(/^./, (digit) =>
    digit === '0' ? '1' : '0',
  );
  worker.sendRaw(JSON.stringify({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1 }));
  expect(await worker.message('release')).toMatchObject({ assignmentId });
});

test('progress of a stage shows in what is missing', async () => {
  hub = await startTestHub();
  hub.worker('one', {
    onAssign: (worker, { assignmentId }) =>
      worker.send({
        type: 'stage-report',
        assignmentId,
        state: 'downloading',
        progress: { doneBytes: 25, totalBytes: 100 },
      }),
  });
  await expect.poll(() => hub.deployment.missing).toBe('one (layers 0 to 7) is downloading 25 %');
});

test('a worker that does not answer its neighbour sits out: the request goes on with a spare', async () => {
  hub = await startTestHub({ stages: 2 });
  const first = hub.worker('first', {
    onPrompt: (worker, { sessionId, assignmentId, epoch, tokens }) => {
      if (epoch > firstEpoch) {
        spare.tokens(sessionId, tokens.length, hub.encode('Here I am'), 'length');
        return;
      }
      worker.send({
        ...{ type: 'session-failed', sessionId, assignmentId, epoch, code: 'peer-unreachable' },
        message: 'no answer within 3 s of a lost connection',
        ...{ peer: second.id },
      });
    },
  });
  await first.message('welcome');
  const second = hub.worker('second');
  await expect.poll(names).toEqual(['first', 'second']);
  const spare = hub.worker('spare');
  await spare.message('welcome');
  const firstEpoch = hub.deployment.ready?.epoch ?? 0;
  const answer = await askChat(hub, { model: hub.deployment.model.package.id });
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'Here I am' } }] });
  expect(names()).toEqual(['first', 'spare']);
});
