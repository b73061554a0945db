import type { Deployment, DeploymentPreview, Node, Prediction, RequestPage, Settings } from '@potluck/api';
import { afterEach, expect, test } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import { api } from '../../testing/apiClient.ts';
import type { ScriptedWorkerInit } from '../../testing/scriptedWorker.ts';
import { answering, startTestHub, type TestHub } from '../../testing/testHub.ts';
import { testStopToken } from '../../testing/testModel.ts';

let hub: TestHub;
afterEach(() => hub.close());

const deployment = async (model: string): Promise<Deployment | undefined> => {
  const { body } = await api<{ deployments: Deployment[] }>(hub, 'GET', '/deployments');
  return body.deployments.find((one) => one.model === model);
};
const becomes = (model: string, route: string | RegExp, replica = 0): Promise<void> =>
  expect
    .poll(async () => {
      const one = (await deployment(model))?.replicas[replica];
      return one?.ready ? one.route : null;
    })
    .toMatch(route);
const ask = (model: string): Promise<Response> => askChat(hub, { model });

test('two models are served at once, also by one worker, and one of them can go', async () => {
  hub = await startTestHub({ more: [{ id: 'other-model', layers: 4 }] });
  hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  const put = await api<Deployment>(hub, 'PUT', '/deployments', { model: 'other-model' });
  expect(put.body).toMatchObject({ model: 'other-model', revision: 1, plan: { mode: 'automatic' } });
  await becomes('other-model', /^one\[0-3\]$/);
  for (const model of ['test-model', 'other-model']) {
    const answer = (await (await ask(model)).json()) as { model: string };
    expect(answer.model).toBe(model);
  }
  expect((await api(hub, 'DELETE', '/deployments?model=other-model')).status).toBe(204);
  expect((await ask('other-model')).status).toBe(404);
  expect((await ask('test-model')).status).toBe(200);
});

test('a model that is added is nobody’s default until the operator says so', async () => {
  hub = await startTestHub({ more: [{ id: 'other-model', layers: 4 }] });
  hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  await api(hub, 'PUT', '/deployments', { model: 'other-model' });
  await becomes('other-model', /^one/);
  const answersWithoutName = async (): Promise<string> => {
    const answer = await askChat(hub, { model: undefined });
    return ((await answer.json()) as { model: string }).model;
  };
  expect(await answersWithoutName()).toBe('test-model');
  const { body: settings } = await api<Settings>(hub, 'GET', '/settings');
  await api(hub, 'PATCH', '/settings', { revision: settings.revision, defaultModel: 'other-model' });
  expect(await answersWithoutName()).toBe('other-model');
  expect([(await deployment('test-model'))?.isDefault, (await deployment('other-model'))?.isDefault]).toEqual(
    [false, true],
  );
  expect(await hub.database.values.get('settings')).toMatchObject({ defaultModel: 'other-model' });
});

test('what waits for nodes that are away says what they are called', async () => {
  hub = await startTestHub();
  const [one, two, three] = ['one', 'two', 'three'].map((name) => hub.worker(name));
  await Promise.all([one?.message('welcome'), two?.message('welcome'), three?.message('welcome')]);
  await api(hub, 'PATCH', `/nodes/${two?.id}`, { name: "Ada's laptop" });
  const stages = [one, two, three].map((worker) => ({ nodeId: worker?.id }));
  await api(hub, 'PUT', '/deployments', {
    model: 'test-model',
    plan: { mode: 'manual', stages },
    revision: 1,
  });
  await becomes('test-model', /^one.*,Ada's%20laptop.*,three/);
  for (const worker of [two, three]) worker?.kill();
  await expect
    .poll(async () => (await deployment('test-model'))?.missing)
    .toMatch(
      /^waiting for 2 of its nodes: Ada's laptop, three; until then \d+ MB at one stays reserved for it$/,
    );
  const kept = await hub.database.nodes.names();
  expect(kept.map(([, name]) => name).sort()).toEqual(['one', 'three', 'two']);
});

test('a plan by hand is placed as it says, and changed by who saw its revision', async () => {
  hub = await startTestHub();
  const [one, two] = ['one', 'two'].map((name) => hub.worker(name));
  await Promise.all([one?.message('welcome'), two?.message('welcome')]);
  await hub.served();
  const manual = {
    mode: 'manual',
    stages: [
      { nodeId: two?.id, firstLayer: 0, lastLayer: 1 },
      { nodeId: one?.id, firstLayer: 2, lastLayer: 7 },
    ],
  };
  const stale = await api<{ error: { message: string } }>(hub, 'PUT', '/deployments', {
    model: 'test-model',
    plan: manual,
    revision: 7,
  });
  expect([stale.status, stale.body.error.message]).toEqual([409, expect.stringMatching(/revision 1/)]);
  await api(hub, 'PUT', '/deployments', { model: 'test-model', plan: manual, revision: 1 });
  await becomes('test-model', /^two\[0-1\],one\[2-7\]$/);
  await api(hub, 'PUT', '/deployments', {
    model: 'test-model',
    plan: { mode: 'shards', count: 2 },
    revision: 2,
  });
  await becomes('test-model', /^one\[0-3\],two\[4-7\]$/);
});

test('of two administrators who change a deployment at once, one is told to look again', async () => {
  hub = await startTestHub({ more: [{ id: 'other-model' }] });
  const statusesOf = async (answers: Promise<{ status: number }>[]): Promise<number[]> =>
    (await Promise.all(answers)).map(({ status }) => status).sort();
  const put = (count: number, revision?: number): Promise<{ status: number; body: unknown }> =>
    api(hub, 'PUT', '/deployments', { model: 'other-model', plan: { mode: 'shards', count }, revision });
  expect(await statusesOf([put(1), put(2)])).toEqual([200, 409]);
  expect(await statusesOf([put(3, 1), put(4, 1)])).toEqual([200, 409]);
  expect((await deployment('other-model'))?.revision).toBe(2);
  const undeploy = (): Promise<{ status: number }> => api(hub, 'DELETE', '/deployments?model=other-model');
  expect(await statusesOf([undeploy(), undeploy()])).toEqual([204, 404]);
  expect(await put(1, 2)).toMatchObject({
    status: 409,
    body: { error: { code: 'conflict', message: expect.stringMatching(/not deployed any more/) as string } },
  });
});

test('replicas take workers of their own and share the requests', async () => {
  hub = await startTestHub();
  const one = hub.worker('one');
  const two = hub.worker('two');
  await hub.served();
  const plan = { mode: 'automatic', replicas: 2 };
  await api(hub, 'PUT', '/deployments', { model: 'test-model', plan, revision: 1 });
  await becomes('test-model', /./, 0);
  await becomes('test-model', /./, 1);
  const { replicas = [] } = (await deployment('test-model')) ?? {};
  expect(new Set(replicas.map(({ route }) => route))).toEqual(new Set(['one[0-7]', 'two[0-7]']));
  const prompts = ({ received }: typeof one): number =>
    received.filter(({ type }) => type === 'prompt').length;
  const answers: Promise<Response>[] = [];
  for (let request = 1; request <= 4; request++) {
    answers.push(ask('test-model'));
    await expect.poll(() => prompts(one) + prompts(two)).toBe(request);
  }
  // None of them has an answer yet: each new request goes where fewer run.
  expect([prompts(one), prompts(two)]).toEqual([2, 2]);
  for (const worker of [one, two]) {
    for (const message of worker.received) {
      if (message.type !== 'prompt') continue;
      worker.tokens(
        message.sessionId,
        message.tokens.length,
        [...hub.encode('Hello'), testStopToken],
        'stop',
      );
    }
  }
  for (const answer of answers) expect((await answer).status).toBe(200);
});

test('a preview says where the layers would go, what it takes, and changes nothing', async () => {
  hub = await startTestHub({ more: [{ id: 'large-model', layers: 10, layerBytes: 200e6 }] });
  const worker = hub.worker('one');
  await hub.served();
  const body = { model: 'large-model', plan: { mode: 'automatic' } };
  const tooLarge = await api<DeploymentPreview>(hub, 'POST', '/deployments/preview', body);
  expect(tooLarge.body).toMatchObject({
    ok: false,
    stages: [],
    problem: expect.stringMatching(/needs 3\.3 GB, devices offer 920 MB/) as string,
  });
  hub.worker('two', { memoryBytes: 4e9 });
  await expect
    .poll(async () => (await api<DeploymentPreview>(hub, 'POST', '/deployments/preview', body)).body.ok)
    .toBe(true);
  const { body: preview } = await api<DeploymentPreview>(hub, 'POST', '/deployments/preview', body);
  expect(preview.stages).toMatchObject([{ nodeName: 'two', firstLayer: 0, lastLayer: 9, weightBytes: 2e9 }]);
  expect(await deployment('large-model')).toBeUndefined();
  expect(worker.received.filter(({ type }) => type === 'assign')).toHaveLength(1);
});

test('a preview says how fast it would be, from what stages said and answers took', async () => {
  hub = await startTestHub({ more: [{ id: 'other-model', layers: 4 }] });
  const measuring =
    (tokenStepMs: number): NonNullable<ScriptedWorkerInit['onAssign']> =>
    (worker, { assignmentId }) =>
      worker.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9, tokenStepMs });
  const fast = hub.worker('fast', { onAssign: measuring(8), memoryBytes: 4e9, ...answering(hub, 'Hello') });
  await hub.served();
  const slow = hub.worker('slow');
  await slow.message('welcome');
  const preview = async (model: string, plan: unknown): Promise<Prediction | undefined> =>
    (await api<DeploymentPreview>(hub, 'POST', '/deployments/preview', { model, plan })).body.predictions[0];

  // 8 ms with an empty cache; behind a usual prompt there is a cache to read.
  const tried = {
    milliseconds: expect.closeTo(8.5, 0) as number,
    explanation: 'measured when its layers were tried',
  };
  expect(await preview('test-model', { mode: 'automatic' })).toMatchObject({
    basis: 'measured',
    stages: [{ nodeId: fast.id, ...tried }],
  });
  // Half as many layers of the same size.
  const other = await preview('other-model', { mode: 'automatic' });
  expect(other).toMatchObject({ basis: 'scaled', hops: [] });
  expect(other?.tokenMilliseconds).toBeCloseTo(0.5 + 8 / 2, 0);

  // Scripted stages say that a step of one token took 6 ms.
  expect((await ask('test-model')).status).toBe(200);
  await expect
    .poll(async () => (await preview('test-model', { mode: 'automatic' }))?.stages[0])
    .toMatchObject({ milliseconds: expect.closeTo(6.4, 0) as number, explanation: 'measured in answers' });
  // What was predicted for that answer stands beside what it took, with the request and with the replica.
  const [request] = (await api<RequestPage>(hub, 'GET', '/requests?limit=1')).body.requests;
  expect(request?.predicted?.tokensPerSecond).toBeCloseTo(1000 / 8.2, -1);
  const replica = (await deployment('test-model'))?.replicas[0];
  expect(replica?.lastAnswer).toMatchObject({
    requestId: request?.id,
    tokensPerSecond: request?.tokensPerSecond,
    predicted: request?.predicted,
  });

  // Links are between neighbours.
  await api(hub, 'PUT', '/deployments', { model: 'other-model', plan: { mode: 'shards', count: 2 } });
  await slow.message('assign');
  fast.send({ type: 'peer-report', peer: slow.id, state: 'relayed', roundTripMs: 30, bytesPerSecond: 1e6 });
  await expect
    .poll(async () => (await preview('test-model', { mode: 'shards', count: 2 }))?.hops)
    .toEqual(
      expect.arrayContaining([
        expect.objectContaining({ fromNodeId: fast.id, toNodeId: slow.id, relayed: true, basis: 'measured' }),
        expect.objectContaining({ fromNodeId: slow.id, toNodeId: fast.id, relayed: true, basis: 'measured' }),
      ]),
    );
  const { nodes } = (await api<{ nodes: Node[] }>(hub, 'GET', '/nodes')).body;
  expect(nodes.find(({ id }) => id === fast.id)?.peers).toMatchObject([{ bytesPerSecond: 1e6 }]);
  expect(new Map(await hub.database.nodes.speeds()).get(fast.id)?.samples).toContainEqual(
    expect.objectContaining({ model: 'test-model', milliseconds: 6 }),
  );
});

test('plans with gaps, overlaps or too many stages are refused with the place', async () => {
  hub = await startTestHub();
  const nodeId = 'any';
  const stages = (...ranges: [number?, number?][]): unknown =>
    ranges.map(([firstLayer, lastLayer]) => ({ nodeId, firstLayer, lastLayer }));
  const cases: [unknown, RegExp, string][] = [
    [{ mode: 'manual', stages: stages([0, 3], [5, 7]) }, /Layer 4 is in no stage/, 'plan.stages[1]'],
    [{ mode: 'manual', stages: stages([0, 4], [4, 7]) }, /Layer 4 is in two stages/, 'plan.stages[1]'],
    [{ mode: 'manual', stages: stages([0, 6]) }, /Layer 7 /, 'plan.stages'],
    [{ mode: 'manual', stages: stages([0, 8]) }, /there is no 8/, 'plan.stages[0]'],
    [{ mode: 'manual', stages: stages([0, 3], []) }, /for every stage, or for none/, 'plan.stages[1]'],
    [{ mode: 'shards', count: 9 }, /too few layers for 9 parts: 8/, 'plan.count'],
    [{ mode: 'manual', stages: [] }, /stages/, 'plan.stages'],
    [{ mode: 'magic' }, /plan/, 'plan.mode'],
  ];
  for (const [plan, message, param] of cases) {
    const answer = await api<{ error: { message: string; param: string } }>(hub, 'PUT', '/deployments', {
      model: 'test-model',
      plan,
      revision: 1,
    });
    expect([answer.status, answer.body.error.message, answer.body.error.param]).toEqual([
      400,
      expect.stringMatching(message),
      param,
    ]);
  }
  const unknown = await api(hub, 'PUT', '/deployments', { model: 'no-model' });
  expect(unknown.status).toBe(404);
});
