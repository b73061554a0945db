/** Requests to a model that several devices serve, each with a replica of its own. */
import type { RequestDetail, RequestPage } from '@potluck/api';
import { afterEach, expect, test } from 'vitest';
import { askChat } from '../../testing/askChat.ts';
import type { ScriptedWorker, ScriptedWorkerInit } from '../../testing/scriptedWorker.ts';
import { answering, startTestHub, type TestHub, type TestHubInit } from '../../testing/testHub.ts';

let hub: TestHub;
afterEach(() => hub.close());

const bytesPerToken = 800;

/** Starts a hub on which the first worker has the first replica, and the second worker the second one. */
async function startReplicas(
  workers: [first: Partial<ScriptedWorkerInit>, second: Partial<ScriptedWorkerInit>],
  init: TestHubInit = {},
): Promise<[first: ScriptedWorker, second: ScriptedWorker]> {
  hub = await startTestHub(init);
  const first = hub.worker('first', workers[0]);
  await hub.served();
  const second = hub.worker('second', workers[1]);
  await second.message('welcome');
  hub.deployments.deploy(modelOf(), { mode: 'automatic', replicas: 2 }, 1);
  await expect.poll(readyRoutes).toEqual(['first', 'second']);
  return [first, second];
}

const modelOf = () => hub.deployment.model;
const readyRoutes = (): (string | undefined)[] =>
  hub.deployments
    .find(modelOf().package.id)
    ?.replicas.map(({ ready }) => ready?.stages.map(({ workerName }) => workerName).join()) ?? [];

const ask = (more: Record<string, unknown> = {}): Promise<Response> => askChat(hub, more);
const answerOf = async (response: Response): Promise<string | undefined> =>
  ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message.content;

test('a request that one replica has no room for goes to another one that has', async () => {
  const scripted: Partial<ScriptedWorkerInit> = {
    onPrompt: (worker, { sessionId, tokens }) =>
      worker.tokens(sessionId, tokens.length, hub.encode('Hello'), 'length'),
  };
  await startReplicas([
    { ...scripted, cacheBytes: 100 * bytesPerToken },
    { ...scripted, cacheBytes: 1000 * bytesPerToken },
  ]);
  const long = await ask({ max_tokens: 500 });
  expect([long.status, long.headers.get('x-potluck-route')]).toEqual([200, 'second[0-7]']);
  const short = await ask({ max_tokens: 5 });
  expect([short.status, short.headers.get('x-potluck-route')]).toEqual([200, 'first[0-7]']);
  const tooLong = await ask({ max_tokens: 2000 });
  expect(tooLong.status).toBe(400);
  expect(await tooLong.json()).toMatchObject({
    error: {
      code: 'context_length_exceeded',
      message: expect.stringContaining('now have room for 1000 tokens') as string,
    },
  });
});

test('a worker that opens sessions and gives no token is replaced, its answer goes on elsewhere, and a bystander’s, too', async () => {
  const [bystander] = await startReplicas(
    [
      {},
      {
        onAssign: (worker, { assignmentId }) =>
          worker.send({
            ...{ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 100 * bytesPerToken },
            tokenStepMs: 0.01,
          }),
      },
    ],
    { leastDeadlineMs: 200 },
  );
  // The second worker has no room for this, and seems to be the fastest for what it has room for.
  const unharmed = ask({ max_tokens: 500 });
  const prompt = await bystander.message('prompt');
  const moved = ask({ max_tokens: 5 });
  const again = await bystander.message('prompt', ({ sessionId }) => sessionId !== prompt.sessionId);
  // It is told while it happens.
  const { requests } = (await (await fetch(`${hub.url}/api/requests`)).json()) as RequestPage;
  expect(requests.find(({ replays }) => replays === 1)).toMatchObject({
    ...{ status: 'running', route: 'first[0-7]', recovery: { lost: ['second'] } },
    timeline: { pauses: [{ lost: ['second'] }] },
  });
  bystander.tokens(again.sessionId, again.tokens.length, hub.encode('At last'), 'length');
  const answer = await moved;
  expect(await answerOf(answer)).toBe('At last');
  expect(answer.headers.get('x-potluck-route')).toBe('first[0-7]');
  expect(answer.headers.get('x-potluck-replays')).toBe('1');
  const id = answer.headers.get('x-request-id');
  const record = (await (await fetch(`${hub.url}/api/requests/${id}`)).json()) as RequestDetail;
  expect(record).toMatchObject({ route: 'first[0-7]', replays: 1, recovery: { lost: ['second'] } });
  const { pauses, lastTokenMs } = record.timeline ?? { pauses: [], lastTokenMs: null };
  expect(pauses.map(({ lost }) => lost)).toEqual([['second']]);
  expect(pauses[0]?.toMs).toBeGreaterThan(pauses[0]?.fromMs ?? Infinity);
  expect(lastTokenMs).toBeGreaterThanOrEqual(pauses[0]?.toMs ?? Infinity);
  hub.worker('spare', answering(hub, 'Here I am'));
  await expect.poll(readyRoutes).toEqual(['first', 'spare']);
  expect(await answerOf(await ask())).toBe('Here I am');
  bystander.tokens(prompt.sessionId, prompt.tokens.length, hub.encode('Hello there'), 'length');
  expect(await answerOf(await unharmed)).toBe('Hello there');
});
