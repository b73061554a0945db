/** Answers whose last stage is lost, while the first one says what is not so; and requests that come meanwhile. */
import type { Assign, OpenSession, Prompt } from '@potluck/protocol';
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

interface Asked {
  text?: string;
  replays: string | null;
  finish?: string;
  logprobs?: (number | null)[];
}

const ask = async (more: object = {}): Promise<Asked> => {
  const response = await fetch(`${hub.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'test-model', prompt: [10, 11, 12, 13], max_tokens: 4, ...more }),
  });
  const { choices } = (await response.json()) as {
    choices?: { text: string; finish_reason: string; logprobs: { token_logprobs: number[] } | null }[];
  };
  const { text, finish_reason: finish, logprobs } = choices?.[0] ?? {};
  const replays = response.headers.get('x-potluck-replays');
  const told = {
    ...(text === undefined ? {} : { text }),
    replays,
    ...(finish === undefined ? {} : { finish }),
  };
  return logprobs ? { ...told, logprobs: logprobs.token_logprobs } : told;
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

test('a prompt whose tokens were scored in part is scored again, and from its beginning', async () => {
  const asked = ask({ echo: true, logprobs: 0, max_tokens: 0 });
  const prompt = await first.message('prompt');
  const score = (
    worker: ScriptedWorker,
    { sessionId, epoch }: Prompt,
    position: number,
    logprobs: number[],
  ) => {
    const { assignmentId } = worker.received.findLast((one) => one.type === 'open-session') as OpenSession;
    const scores = logprobs.map((logprob) => ({ logprob, topLogprobs: [] }));
    worker.send({ type: 'prompt-scores', sessionId, assignmentId, epoch, position, scores });
  };
  score(last, prompt, 1, [-1, -2]);
  await last.flushed();
  const next = hub.worker('next');
  await next.message('welcome');
  last.kill();
  const again = await first.message('prompt', ({ sessionId }) => sessionId !== prompt.sessionId);
  expect(again).toMatchObject({ position: 0, tokens: [10, 11, 12, 13] });
  score(next, again, 1, [-3, -4, -5]);
  next.tokens(again.sessionId, 4, [20], 'length', again.epoch);
  expect(await asked).toMatchObject({ replays: '1', finish: 'length', logprobs: [null, -3, -4, -5] });
});

test.each([
  ['tells nothing of the prompt', [], /did not tell how likely/],
  ['leaves a token of the prompt out', [[2, [-1]]], /not what comes next/],
  ['tells more than the prompt has', [[1, [-1, -2, -3, -4]]], /not what comes next/],
] as [string, [number, number[]][], RegExp][])('a last stage that %s is no use', async (_, told, why) => {
  const failed = new Promise<string>((resolve) => {
    hub.generator.listen({ ended: (__, { errorMessage }) => resolve(errorMessage ?? '') });
  });
  const asked = ask({ echo: true, logprobs: 0 });
  const seen = new Set<string>();
  // As often as the hub tries.
  const answerAll = async (): Promise<void> => {
    for (;;) {
      const prompt = await first.message('prompt', ({ sessionId }) => !seen.has(sessionId));
      seen.add(prompt.sessionId);
      const { assignmentId } = last.received.findLast((one) => one.type === 'open-session') as OpenSession;
      for (const [position, logprobs] of told) {
        const scores = logprobs.map((logprob) => ({ logprob, topLogprobs: [] }));
        const about = { sessionId: prompt.sessionId, assignmentId, epoch: prompt.epoch, position };
        last.send({ type: 'prompt-scores', ...about, scores });
      }
      last.tokens(prompt.sessionId, 4, [20], 'length', prompt.epoch);
    }
  };
  void answerAll();
  expect(await failed).toMatch(why);
  expect((await asked).text).toBeUndefined();
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
