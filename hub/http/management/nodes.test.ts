import type { FormerNode, HistoryEvent, Node, Usage } from '@potluck/api';
import { afterEach, expect, test } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import { api } from '../../testing/apiClient.ts';
import { answering, startTestHub, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
afterEach(() => hub.close());

const nodes = async (): Promise<{ nodes: Node[]; former: FormerNode[] }> =>
  (await api<{ nodes: Node[]; former: FormerNode[] }>(hub, 'GET', '/nodes')).body;
const routes = (): string[] => hub.deployment.ready?.stages.map(({ workerName }) => workerName) ?? [];

test('a name given here stays with the node, also when it comes back', async () => {
  hub = await startTestHub();
  const worker = hub.worker('one');
  await hub.served();
  const renamed = await api<Node>(hub, 'PATCH', `/nodes/${worker.id}`, { name: "Ada's laptop" });
  expect(renamed.body).toMatchObject({ name: "Ada's laptop", reportedName: 'one' });
  worker.kill();
  await expect.poll(async () => (await nodes()).former).toMatchObject([{ name: "Ada's laptop" }]);
  const back = hub.worker('one', { hello: { workerId: worker.id } });
  await back.message('welcome');
  expect((await nodes()).nodes).toMatchObject([{ name: "Ada's laptop", reportedName: 'one' }]);
});

test('a renamed node has its new name in answers, in deployments and in sums, and its old one where that is told', async () => {
  hub = await startTestHub();
  const worker = hub.worker('one', answering(hub, 'Hello'));
  await hub.served();
  const route = async (): Promise<string | null> => {
    const response = await askChat(hub);
    await response.text();
    return response.headers.get('x-potluck-route');
  };
  expect(await route()).toBe('one[0-7]');
  await api(hub, 'PATCH', `/nodes/${worker.id}`, { name: 'Küche' });
  expect(routes()).toEqual(['Küche']);
  expect(await route()).toBe('K%C3%BCche[0-7]');
  await api(hub, 'PATCH', `/nodes/${worker.id}`, { name: 'Bad' });
  const { groups } = (await api<Usage>(hub, 'GET', '/usage?by=node')).body;
  expect(groups).toMatchObject([{ id: worker.id, name: 'Bad', requests: 2 }]);
  const { events } = (await api<{ events: HistoryEvent[] }>(hub, 'GET', '/history')).body;
  expect(events.filter(({ kind }) => kind === 'node-changed')).toMatchObject([
    { node: 'Küche', detail: { name: 'Bad' } },
    { node: 'one', detail: { name: 'Küche' } },
  ]);
});

test('a paused node gives its stages up at once and gets new ones when it is resumed', async () => {
  hub = await startTestHub();
  const first = hub.worker('first');
  await hub.served();
  hub.worker('second');
  await expect.poll(async () => (await nodes()).nodes.length).toBe(2);
  await api(hub, 'PATCH', `/nodes/${first.id}`, { mode: 'paused' });
  await hub.served(2);
  expect(routes()).toEqual(['second']);
  await first.message('release');
  const second = (await nodes()).nodes.find(({ name }) => name === 'second');
  await api(hub, 'PATCH', `/nodes/${second?.id}`, { mode: 'paused' });
  await expect.poll(() => hub.deployment.missing).toMatch(/first is paused; second is paused/);
  await api(hub, 'PATCH', `/nodes/${first.id}`, { mode: 'active' });
  await hub.served(3);
  expect(routes()).toEqual(['first']);
});

test('a node that is drained ends its answers first', async () => {
  hub = await startTestHub();
  let finish = (): void => undefined;
  const first = hub.worker('first', {
    onPrompt: (worker, prompt) => {
      finish = () => answering(hub, 'Done').onPrompt?.(worker, prompt);
    },
  });
  await hub.served();
  hub.worker('second');
  await expect.poll(async () => (await nodes()).nodes.length).toBe(2);
  const answer = askChat(hub);
  await first.message('prompt');
  const draining = await api<Node>(hub, 'PATCH', `/nodes/${first.id}`, { mode: 'draining' });
  expect(draining.body).toMatchObject({ mode: 'draining', role: 'serving', runningRequests: 1 });
  finish();
  expect((await answer).status).toBe(200);
  await hub.served(2);
  expect(routes()).toEqual(['second']);
  await first.message('release');
  expect((await nodes()).nodes.find(({ id }) => id === first.id)).toMatchObject({
    mode: 'drained',
    stages: [],
  });
});

test('a node that says that it leaves ends its answers first, and gets nothing new', async () => {
  hub = await startTestHub();
  let finish = (): void => undefined;
  const first = hub.worker('first', {
    onPrompt: (worker, prompt) => {
      finish = () => answering(hub, 'Done').onPrompt?.(worker, prompt);
    },
  });
  await hub.served();
  const answer = askChat(hub);
  await first.message('prompt');
  first.send({ type: 'leaving' });
  await expect.poll(async () => (await nodes()).nodes[0]?.reason).toMatch(/leaves when/);
  hub.worker('second');
  finish();
  expect((await answer).status).toBe(200);
  await first.message('release');
  await hub.served(2);
  expect(routes()).toEqual(['second']);
});

test('an evicted node goes with the reason; a banned one stays out until it is readmitted', async () => {
  hub = await startTestHub();
  const worker = hub.worker('one');
  await worker.message('welcome');
  const evicted = await api(hub, 'POST', `/nodes/${worker.id}/evict`, { reason: 'too slow', ban: true });
  expect(evicted.status).toBe(204);
  expect(await worker.message('refusal')).toMatchObject({
    code: 'evicted',
    message: 'too slow',
    retry: false,
  });
  expect((await nodes()).former).toMatchObject([
    { id: worker.id, evicted: true, lastLeftReason: 'too slow' },
  ]);
  const again = hub.worker('one', { hello: { workerId: worker.id } });
  expect((await again.message('refusal')).message).toMatch(/may not join: too slow/);
  await api(hub, 'POST', `/nodes/${worker.id}/readmit`);
  const third = hub.worker('one', { hello: { workerId: worker.id } });
  await third.message('welcome');
  await api(hub, 'POST', `/nodes/${worker.id}/evict`, { reason: 'too slow' });
  expect(await third.message('refusal')).toMatchObject({ code: 'removed', message: 'too slow' });
  expect((await nodes()).former).toMatchObject([{ id: worker.id, evicted: false }]);
});

test('an answer that runs through an evicted node ends with the reason where no other takes over', async () => {
  hub = await startTestHub({ recoveryMs: 100 });
  const worker = hub.worker('one');
  await hub.served();
  const answer = askChat(hub);
  await worker.message('prompt');
  const evict = (): Promise<{ status: number }> =>
    api(hub, 'POST', `/nodes/${worker.id}/evict`, { reason: 'too slow' });
  // Two administrators who do the same: it is done once, and no error.
  expect((await Promise.all([evict(), evict()])).map(({ status }) => status)).toEqual([204, 204]);
  const response = await answer;
  expect([response.status, await response.text()]).toEqual([
    503,
    expect.stringMatching(/one left: too slow/),
  ]);
});

test('what can not be done is refused with a reason', async () => {
  hub = await startTestHub();
  const none = '00000000-0000-4000-8000-000000000000';
  for (const [method, path, body, status, message] of [
    ['PATCH', `/nodes/${none}`, { name: 'x' }, 404, /no node .* here now/],
    ['PATCH', `/nodes/${none}`, {}, 400, /a name or a mode/],
    ['PATCH', `/nodes/${none}`, { name: 'two\nlines' }, 400, /'name': .*one line/],
    ['PATCH', `/nodes/${none}`, { mode: 'asleep' }, 400, /'mode'/],
    ['PATCH', `/nodes/${none}`, { colour: 'red' }, 400, /colour/],
    ['POST', `/nodes/${none}/evict`, {}, 404, /was ever here/],
    ['POST', '/nodes/../../evict', {}, 404, /There is no/],
  ] as const) {
    const answer = await api<{ error: { message: string } }>(hub, method, path, body);
    expect([answer.status, answer.body.error.message]).toEqual([status, expect.stringMatching(message)]);
  }
});

test('which device computes a stage, and why, is shown where its node had a choice', async () => {
  hub = await startTestHub();
  const computesWith = 'webgpu: 20 ms for 128 tokens of a prompt; cpu 110 ms';
  hub.worker('one', {
    onAssign: (worker, { assignmentId }) =>
      worker.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9, computesWith }),
  });
  await hub.served();
  expect((await nodes()).nodes).toMatchObject([{ stages: [{ computesWith }] }]);
});
