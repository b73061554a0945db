import type { Assign } from '@potluck/protocol';
import { afterEach, expect, test } from 'vitest';
import { askChat } from '../testing/askChat.ts';
import { api } from '../testing/apiClient.ts';
import type { ScriptedWorker } from '../testing/scriptedWorker.ts';
import { startTestHub, type TestHub } from '../testing/testHub.ts';
import { testStopToken } from '../testing/testModel.ts';

let hub: TestHub;
afterEach(() => hub.close());

const names = (): string[] => hub.deployment.ready?.stages.map(({ workerName }) => workerName) ?? [];

/** A worker whose stages are ready when the test says so. */
function slow(name: string): {
  worker: ScriptedWorker;
  load: () => Promise<Assign>;
  fail: () => Promise<void>;
} {
  const assigned: Assign[] = [];
  const worker = hub.worker(name, { onAssign: (_, message) => assigned.push(message) });
  const next = async (): Promise<Assign> => {
    await worker.until(() => assigned[0]);
    return assigned.shift() as Assign;
  };
  return {
    worker,
    load: async () => {
      const message = await next();
      const { assignmentId } = message;
      worker.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9 });
      return message;
    },
    fail: async () => {
      const { assignmentId } = await next();
      worker.send({ type: 'stage-report', assignmentId, state: 'failed', reason: 'no room' });
    },
  };
}

/** Asks, and has the last stage answer. */
async function ask(first: ScriptedWorker, last: ScriptedWorker): Promise<string> {
  const before = first.received.filter(({ type }) => type === 'prompt').length;
  const answer = askChat(hub);
  const { sessionId, tokens } = await first.until(() => first.received.filter(isPrompt)[before]);
  last.tokens(sessionId, tokens.length, [...hub.encode('Hello'), testStopToken], 'stop');
  const response = await answer;
  await response.text();
  return `${response.status} ${response.headers.get('x-potluck-route')}`;
}

const isPrompt = (message: {
  type: string;
}): message is Extract<ScriptedWorker['received'][number], { type: 'prompt' }> => message.type === 'prompt';

test('the pipeline serves on while a newcomer loads its stages, then moves there; requests wait for that', async () => {
  hub = await startTestHub({ stages: 2 });
  const one = slow('one');
  await one.load();
  await one.load();
  await hub.served();
  const two = slow('two');
  await two.worker.message('assign');
  expect(await ask(one.worker, one.worker)).toBe('200 one[0-3],one[4-7]');
  const listed = async (): Promise<unknown> => (await api(hub, 'GET', '/deployments')).body;
  const shared = '2 parts run on one device until others with room for a part join';
  expect(await listed()).toMatchObject({ deployments: [{ partsReason: shared }] });
  const ahead = await two.load();
  // By itself: nobody else knows of it yet.
  expect(ahead.stages).toHaveLength(1);

  // One has its layers to load anew; who asks meanwhile is answered then.
  await two.worker.message('assign', ({ stages }) => stages.length === 2);
  const answer = ask(one.worker, two.worker);
  const moved = await two.load();
  expect(moved.stage.graph).toEqual(ahead.stage.graph);
  await one.load();
  expect(await answer).toBe('200 one[0-3],two[4-7]');
  expect(await listed()).toMatchObject({ deployments: [{ partsReason: null }] });
  // The graph stays loaded: what was ahead goes after it was assigned again.
  const order = two.worker.received.flatMap(({ type }) => (/assign|release/.test(type) ? [type] : []));
  expect(order).toEqual(['assign', 'assign', 'release']);
});

test('a pipeline that answers moves when its answers have ended, and takes new ones until then', async () => {
  hub = await startTestHub({ stages: 2 });
  const one = hub.worker('one');
  await hub.served();
  const running = askChat(hub);
  const { sessionId, tokens } = await one.message('prompt');
  const two = hub.worker('two');
  const [ahead] = (await two.message('assign')).stages;
  expect(ahead?.workerId).toBe(two.id);
  expect(await ask(one, one)).toBe('200 one[0-3],one[4-7]');
  expect(names()).toEqual(['one', 'one']);
  one.tokens(sessionId, tokens.length, [testStopToken], 'stop');
  expect((await running).status).toBe(200);
  await hub.served(2);
  expect(names()).toEqual(['one', 'two']);
});

test('whoever serves keeps its layers when another comes', async () => {
  hub = await startTestHub({ stages: 3 });
  const first = hub.worker('a');
  await hub.served();
  const other = hub.worker('c');
  await hub.served(2);
  const before = hub.deployment.ready?.stages ?? [];
  const newcomer = hub.worker('b');
  await hub.served(3);
  const after = hub.deployment.ready?.stages ?? [];
  const cuts = (stages: typeof before): number[][] =>
    stages.map(({ firstLayer, lastLayer }) => [firstLayer, lastLayer]);
  expect(cuts(after)).toEqual(cuts(before));
  expect(new Set(names())).toEqual(new Set(['a', 'b', 'c']));
  const changed = after.filter(({ workerId }, index) => before[index]?.workerId !== workerId);
  expect(changed.map(({ workerId }) => workerId)).toEqual([newcomer.id]);
  for (const worker of [first, other]) {
    const graphs = worker.received.flatMap((message) =>
      message.type === 'assign' ? [message.stage.graph.sha256] : [],
    );
    expect(graphs.slice(0, -1)).toContain(graphs.at(-1));
  }
});

test('answers that overlap do not keep a pipeline where it is: after a while new ones wait for its move', async () => {
  hub = await startTestHub({ stages: 2, movePatienceMs: 1 });
  const one = hub.worker('one');
  await hub.served();
  const running = askChat(hub);
  const { sessionId, tokens } = await one.message('prompt');
  const two = hub.worker('two');
  await expect.poll(() => hub.deployment.retiring).toMatch(/moves/);
  const waiting = askChat(hub);
  one.tokens(sessionId, tokens.length, [testStopToken], 'stop');
  expect((await running).headers.get('x-potluck-route')).toBe('one[0-3],one[4-7]');
  await hub.served(2);
  const next = await one.until(() => one.received.filter(isPrompt)[1]);
  two.tokens(next.sessionId, next.tokens.length, [testStopToken], 'stop');
  expect((await waiting).headers.get('x-potluck-route')).toBe('one[0-3],two[4-7]');
});

test.each(['fails', 'leaves', 'is drained'])(
  'a newcomer that %s changes nothing; the next one is tried',
  async (what) => {
    hub = await startTestHub({ stages: 2 });
    const one = hub.worker('one');
    await hub.served();
    const two = slow('two');
    const { assignmentId } = await two.worker.message('assign');
    if (what === 'fails') await two.fail();
    else if (what === 'leaves') two.worker.kill();
    else {
      await api(hub, 'PATCH', `/nodes/${two.worker.id}`, { mode: 'draining' });
      expect(await two.worker.message('release')).toMatchObject({ assignmentId });
    }
    expect(await ask(one, one)).toBe('200 one[0-3],one[4-7]');
    hub.worker('three');
    await hub.served(2);
    expect(names()).toEqual(['one', 'three']);
  },
);
