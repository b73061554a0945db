/** Answers whose last stage is lost, while the first one says what is not so; and requests that come meanwhile. */
import type { Assign, OpenSession } from '@potluck/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReadyStage } from '../../pipelines/pipeline.ts';
import type { ScriptedWorker } from '../../testing/scriptedWorker.ts';
import { startTestHub, type TestHub } from '../../testing/testHub.ts';

let hub: TestHub;
let first: ScriptedWorker;
let last: ScriptedWorker;
/** What the first stage says that it has, in every epoch after the first. */
let claims: Pick<Parameters<typeof opened>[2], 'length' | 'retainedFrom'>;

function opened(
  worker: ScriptedWorker,
  { sessionId, assignmentId, epoch }: OpenSession,
  has: { length: number; retainedFrom: number },
): void {
  worker.send({ type: 'session-opened', sessionId, assignmentId, epoch, ...has });
}

beforeEach(async () => {
  hub = await startTestHub({ recoveryMs: 30_000, roomPatienceMs: 0 });
  claims = { length: 0, retainedFrom: 0 };
  const workers = ['one', 'two'].map((name) =>
    hub.worker(name, {
      onOpen: (worker, message) =>
        opened(worker, message, message.keep === undefined ? { length: 0, retainedFrom: 0 } : claims),
    }),
  );
  await Promise.all(workers.map((worker) => worker.message('welcome')));
  hub.deployments.deploy(hub.deployment.model, { mode: 'shards', count: 2, replicas: 1 }, 1);
  const stages = (): readonly ReadyStage[] => hub.deployment.ready?.stages ?? [];
  await expect.poll(() => new Set(stages().map(({ workerId }) => workerId)).size).toBe(2);
  [first, last] = stages().map(({ workerId }) => workers.find(({ id }) => id === workerId)) as [
    ScriptedWorker,
    ScriptedWorker,
  ];
});
afterEach(() => hub.close());

const ask = async (): Promise<{ text?: string; replays: string | null; finish?: string }> => {
  const response = await fetch(`${hub.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', prompt: [10, 11, 12, 13], max_tokens: 4 }),
  });
  const { choices } = (await response.json()) as {
    choices?: { text: string; finish_reason: string }[];
  };
  const { text, finish_reason: finish } = choices?.[0] ?? {};
  const replays = response.headers.get('x-potluck-replays');
  return { ...(text === undefined ? {} : { text }), replays, ...(finish === undefined ? {} : { finish }) };
};

/** An answer of which the hub has two tokens; then its last stage is gone, and `next` takes its place. */
async function midAnswer(onAssign?: (worker: ScriptedWorker, message: Assign) => void) {
  const answer = hub.encode('Well then');
  const asked = ask();
  const prompt = await first.message('prompt');
  last.tokens(prompt.sessionId, 4, answer.slice(0, 2));
  await last.flushed();
  const next = hub.worker('next', onAssign ? { onAssign } : {});
  await next.message('welcome');
  last.kill();
  return { asked, prompt, next, rest: answer.slice(2) };
}

test.each([
  ['retains nothing', () => ({ length: 6, retainedFrom: 6 })],
  ['has more than there is, from inside a step', () => ({ length: 1_000_000, retainedFrom: 2 })],
])('a stage that %s is given the tokens again', async (_, has) => {
  claims = has();
  const { asked, prompt, next, rest } = await midAnswer();
  const again = await first.message('prompt', ({ sessionId }) => sessionId !== prompt.sessionId);
  expect(again).toMatchObject({ position: 0, steps: [4, 1, 1] });
  next.tokens(again.sessionId, 6, rest, 'length');
  expect((await asked).replays).toBe('1');
});

test('a stage that acknowledges and forgets costs its own answer another try, and a bystander nothing', async () => {
  claims = { length: 6, retainedFrom: 0 };
  const { asked, prompt, next, rest } = await midAnswer();
  const { sessionId, assignmentId, epoch } = await first.message(
    'resume-session',
    ({ steps }) => steps !== undefined,
  );
  const bystander = ask();
  const other = await first.message('prompt', (one) => one.sessionId !== prompt.sessionId);
  const forgot = { code: 'cache-miss', message: 'tokens from 0 are not retained here' } as const;
  first.send({ type: 'session-failed', sessionId, assignmentId, epoch, ...forgot });
  const known = new Set([prompt.sessionId, other.sessionId]);
  const again = await first.message('prompt', (one) => !known.has(one.sessionId));
  expect(again).toMatchObject({
    position: 0,
    tokens: [10, 11, 12, 13, ...hub.encode('Well then').slice(0, 2)],
  });
  next.tokens(again.sessionId, 6, rest, 'length');
  next.tokens(other.sessionId, 4, hub.encode('Yes'), 'length');
  expect((await asked).replays).toBe('2');
  expect(await bystander).toEqual({ text: 'Yes', replays: null, finish: 'length' });
});

test('a request that comes while a lost stage is replaced waits for that, as the answers under way do', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: assigned, resolve: wasAssigned } = Promise.withResolvers<void>();
  const { asked, prompt, next, rest } = await midAnswer((worker, { assignmentId }) => {
    wasAssigned();
    void released.then(() =>
      worker.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9 }),
    );
  });
  await assigned;
  const later = ask();
  // It has come in by then.
  await fetch(`${hub.url}/v1/models`);
  release();
  const again = await first.message(
    'prompt',
    (one) => one.sessionId !== prompt.sessionId && one.tokens.length > 4,
  );
  next.tokens(again.sessionId, 6, rest, 'length');
  const other = await first.message(
    'prompt',
    (one) => one.sessionId !== prompt.sessionId && one.tokens.length === 4,
  );
  next.tokens(other.sessionId, 4, hub.encode('Yes'), 'length');
  expect(await later).toEqual({ text: 'Yes', replays: null, finish: 'length' });
  await asked;
});

test('an answer whose new device has no room for all of it goes on as far as that reaches, and says why it ends', async () => {
  // Room for the prompt of 4, the 2 tokens so far, and one more.
  const { asked, prompt, next, rest } = await midAnswer((worker, { assignmentId, stage }) =>
    worker.send({
      ...{ type: 'stage-report', assignmentId, state: 'ready' },
      cacheBytes: 7 * stage.cacheBytesPerToken,
    }),
  );
  const again = await first.message('prompt', ({ sessionId }) => sessionId !== prompt.sessionId);
  const opening = await next.message('open-session', ({ sessionId }) => sessionId === again.sessionId);
  expect(opening).toMatchObject({ capacity: 7, lengthLimit: 7 });
  next.tokens(again.sessionId, 6, rest.slice(0, 1), 'length');
  expect(await asked).toEqual({ text: expect.any(String) as string, replays: '1', finish: 'length' });
});

test('a slow device that took a lost stage over gives it back in the middle of an answer', async () => {
  const { asked, prompt, rest } = await midAnswer((worker, { assignmentId }) =>
    worker.send({
      ...{ type: 'stage-report', assignmentId, state: 'ready' },
      ...{ cacheBytes: 1e9, tokenStepMs: 3000 },
    }),
  );
  const again = await first.message('prompt', ({ sessionId }) => sessionId !== prompt.sessionId);
  const back = hub.worker('two', {
    hello: { workerId: last.id },
    onAssign: (worker, { assignmentId }) =>
      worker.send({
        ...{ type: 'stage-report', assignmentId, state: 'ready' },
        ...{ cacheBytes: 1e9, tokenStepMs: 10 },
      }),
  });
  const there = await back.message('open-session', ({ sessionId }) => sessionId !== again.sessionId);
  const third = await first.message('prompt', ({ sessionId }) => sessionId === there.sessionId);
  back.tokens(third.sessionId, 6, rest, 'length');
  expect(await asked).toMatchObject({ replays: '2', finish: 'length' });
});
