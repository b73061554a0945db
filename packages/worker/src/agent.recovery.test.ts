/** What a stage that stays does when its neighbour is lost: it keeps its cache, and sends again what the next one lacks. */
import { randomBytes, randomUUID } from 'node:crypto';
import {
  AssignmentId,
  CacheId,
  SessionId,
  stepsOf,
  type Assign,
  type ResumeSession,
} from '@potluck/protocol';
import { afterEach, expect, it } from 'vitest';
import { echoAnswer, type ScriptedHub, type ScriptedWorker } from '../testing/index.ts';
import { cut, join, startHub, stopAll, type Joined } from '../testing/joinedAgents.ts';

afterEach(stopAll);

const prompt = [5, 6, 7, 8];
const limits = { capacity: 40, promptLength: 4, lengthLimit: 40, stopTokenIds: [], chunkTokens: 64 };
const sampling = {
  ...{ temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, frequencyPenalty: 0 },
  ...{ presencePenalty: 0, logitBias: [], seed: 1, choiceIndex: 0 },
};

/** One epoch of three stages, as a hub leads it. */
class Epoch {
  readonly workers: ScriptedWorker[];
  readonly assigns: Assign[];
  readonly sessionId = SessionId.parse(randomUUID());
  readonly #cacheId: CacheId;

  constructor(workers: ScriptedWorker[], assigns: Assign[], cacheId: CacheId) {
    this.workers = workers;
    this.assigns = assigns;
    this.#cacheId = cacheId;
  }

  /** @returns what each stage says that it has */
  open(tokens: number[], keep?: number): Promise<{ length: number; retainedFrom: number }[]> {
    return Promise.all(
      this.workers.map(async (worker, index) => {
        const { assignmentId, epoch } = this.assigns[index] as Assign;
        const isLast = index === this.workers.length - 1;
        worker.send({
          ...{ type: 'open-session', sessionId: this.sessionId, assignmentId, epoch, cacheId: this.#cacheId },
          ...limits,
          ...(isLast ? { sampling, tokens } : {}),
          ...(keep === undefined ? {} : { keep: isLast ? keep - 1 : keep }),
        });
        const opened = await worker.message('session-opened', (m) => m.sessionId === this.sessionId);
        return { length: opened.length, retainedFrom: opened.retainedFrom };
      }),
    );
  }

  resume(index: number, how: Pick<ResumeSession, 'length' | 'sendFrom' | 'sampleAfter' | 'steps'>): void {
    const { assignmentId, epoch } = this.assigns[index] as Assign;
    this.workers[index]?.send({
      type: 'resume-session',
      sessionId: this.sessionId,
      assignmentId,
      epoch,
      ...how,
    });
  }

  /** @param steps those of the first time by default */
  feed(
    position: number,
    tokens: number[],
    steps = stepsOf(limits, position, position + tokens.length),
  ): void {
    const { assignmentId, epoch } = this.assigns[0] as Assign;
    const head = { type: 'prompt', sessionId: this.sessionId, assignmentId, epoch } as const;
    this.workers[0]?.send({ ...head, position, tokens, steps });
  }

  /** The tokens that the last stage drew, once there is one at this position. */
  async tokensUntil(position: number): Promise<number[]> {
    const last = this.workers.at(-1) as ScriptedWorker;
    await last.message('token', (m) => m.sessionId === this.sessionId && m.position === position);
    return last.messages.flatMap((m) =>
      m.type === 'token' && m.sessionId === this.sessionId ? m.token : [],
    );
  }
}

/** Three workers and a spare one; a session in the middle of its answer, of which the hub has `count` tokens. */
async function midAnswer(hub: ScriptedHub) {
  const joined: Joined[] = [];
  for (const name of ['one', 'two', 'three', 'spare']) joined.push(await join(hub, { name }));
  const [one, two, three, spare] = joined.map(({ worker }) => worker) as [
    ScriptedWorker,
    ScriptedWorker,
    ScriptedWorker,
    ScriptedWorker,
  ];
  const stages = cut(3, hub.addBlob(randomBytes(100)));
  const deploy = (workers: ScriptedWorker[], epoch: number): Promise<Assign[]> =>
    hub.deploy(
      workers.map((worker, index) => ({ worker, stage: stages[index] as (typeof stages)[0] })),
      { epoch },
    );
  const cacheId = CacheId.parse(randomUUID());
  const first = new Epoch([one, two, three], await deploy([one, two, three], 0), cacheId);
  await first.open(prompt);
  first.feed(0, prompt);
  const answered = await first.tokensUntil(12);
  return { joined, one, two, three, spare, deploy, cacheId, answered };
}

it('a middle stage that is new gets the rows of the first time from the stage before it, and the answer goes on', async () => {
  const hub = await startHub();
  const { two, one, three, spare, deploy, cacheId, answered, joined } = await midAnswer(hub);
  const all = [...prompt, ...answered.slice(0, 6)];
  two.cut();
  await joined[1]?.agent.stop();
  const next = new Epoch([one, spare, three], await deploy([one, spare, three], 1), cacheId);
  const total = all.length;
  const opened = await next.open(all, total);
  expect(opened).toEqual([
    { length: total, retainedFrom: 0 },
    { length: 0, retainedFrom: 0 },
    { length: total - 1, retainedFrom: total - 1 },
  ]);
  // The last one is told first, then the others: what comes early is held.
  next.resume(2, { length: total - 1, sendFrom: total, sampleAfter: total });
  next.resume(0, { length: total, sendFrom: 0, sampleAfter: total });
  next.resume(1, { length: 0, sendFrom: total - 1, sampleAfter: total });
  const rest = await next.tokensUntil(total + 9);
  expect([...answered.slice(0, 6), ...rest].slice(0, 16)).toEqual(echoAnswer(prompt, 6, 16));
  expect(joined[3]?.host.openCaches.size).toBe(1);
});

it('a stage gets several rows in one step, keeps each by itself, and gives them again in other steps', async () => {
  const hub = await startHub();
  const { two, one, three, spare, deploy, cacheId, answered, joined } = await midAnswer(hub);
  const all = [...prompt, ...answered.slice(0, 8)];
  const total = all.length;
  two.cut();
  await joined[1]?.agent.stop();
  const next = new Epoch([one, spare, three], await deploy([one, spare, three], 1), cacheId);
  await next.open(all, total);
  next.resume(2, { length: total - 1, sendFrom: total, sampleAfter: total });
  next.resume(0, { length: total, sendFrom: 0, sampleAfter: total, steps: [4, 5, 2, 1] });
  next.resume(1, { length: 0, sendFrom: total - 1, sampleAfter: total });
  const rest = await next.tokensUntil(total + 5);
  expect([...answered.slice(0, 8), ...rest].slice(0, 14)).toEqual(echoAnswer(prompt, 6, 14));
  const before = [...all, ...rest.slice(0, 3)];
  const last = new Epoch([one, spare, three], await deploy([one, spare, three], 2), cacheId);
  const [, opened] = await last.open(before, before.length);
  expect(opened).toEqual({ length: before.length, retainedFrom: 0 });
  // The last stage begins anew: its rows come from those that came in one step before, in others.
  last.resume(0, { length: before.length, sendFrom: before.length, sampleAfter: before.length });
  const steps = [4, 1, 6, before.length - 12, 1];
  last.resume(1, { length: before.length, sendFrom: 0, sampleAfter: before.length, steps });
  last.resume(2, { length: 0, sendFrom: before.length, sampleAfter: before.length });
  const more = await last.tokensUntil(before.length + 2);
  expect([...before.slice(prompt.length), ...more].slice(0, 14)).toEqual(echoAnswer(prompt, 6, 14));
  const { assignmentId } = last.assigns[2] as Assign;
  three.send({ type: 'close-session', sessionId: last.sessionId, assignmentId });
  const closed = await three.message('session-closed', (m) => m.sessionId === last.sessionId);
  const { tokens, steps: count } = closed.timings;
  expect(tokens - count).toBe(before.length - steps.length);
});

it('a first stage that is new computes from tokens and sends only what the next one lacks', async () => {
  const hub = await startHub();
  const { one, two, three, spare, deploy, cacheId, answered, joined } = await midAnswer(hub);
  const all = [...prompt, ...answered.slice(0, 6)];
  one.cut();
  await joined[0]?.agent.stop();
  const next = new Epoch([spare, two, three], await deploy([spare, two, three], 1), cacheId);
  const total = all.length;
  expect((await next.open(all, total)).map(({ length }) => length)).toEqual([0, total, total - 1]);
  next.resume(0, { length: 0, sendFrom: total, sampleAfter: total });
  next.resume(1, { length: total, sendFrom: total - 1, sampleAfter: total });
  next.resume(2, { length: total - 1, sendFrom: total, sampleAfter: total });
  next.feed(0, all);
  const rest = await next.tokensUntil(total + 9);
  expect([...answered.slice(0, 6), ...rest].slice(0, 16)).toEqual(echoAnswer(prompt, 6, 16));
});

it('a stage that computes for its own cache alone says how far it is', async () => {
  const hub = await startHub();
  const { one, two, three, spare, deploy, cacheId, answered, joined } = await midAnswer(hub);
  const all = [...prompt, ...answered.slice(0, 9)];
  one.cut();
  await joined[0]?.agent.stop();
  const next = new Epoch([spare, two, three], await deploy([spare, two, three], 1), cacheId);
  const total = all.length;
  const [, second] = await next.open(all, total);
  const length = second?.length ?? 0;
  next.resume(0, { length: 0, sendFrom: length, sampleAfter: total });
  next.feed(0, all);
  // Four tokens in one chunk, the others by themselves.
  const { position } = await spare.message('session-progress', (m) => m.sessionId === next.sessionId);
  expect(position).toBe(prompt.length);
});

it('a stage that is told to run other steps than its tokens have, or longer ones than were said, fails the session, and answers others', async () => {
  const hub = await startHub();
  const { one, two, three, deploy, cacheId, answered } = await midAnswer(hub);
  const all = [...prompt, ...answered.slice(0, 6)];
  const assigns = await deploy([one, two, three], 1);
  for (const [steps, reason] of [
    [[5, 6], 'steps of 11 tokens for 10'],
    [[65], 'a step of 65 tokens'],
  ] as const) {
    const next = new Epoch([one, two, three], assigns, CacheId.parse(randomUUID()));
    await next.open(all);
    next.feed(0, all, [...steps]);
    const failed = await one.message('session-failed', (m) => m.sessionId === next.sessionId);
    expect(failed).toMatchObject({ code: 'bad-frame', message: expect.stringContaining(reason) as string });
  }
  const again = new Epoch([one, two, three], assigns, cacheId);
  await again.open(all, all.length);
  again.resume(0, { length: all.length, sendFrom: 0, sampleAfter: all.length, steps: [3, 7] });
  const { code } = await one.message('session-failed', (m) => m.sessionId === again.sessionId);
  expect(code).toBe('cache-miss');
  const { tokens } = await hub.generate([one, two, three], assigns, prompt, { length: 3, epoch: 1 });
  expect(tokens).toEqual(echoAnswer(prompt, 6, 3));
});

it('a stage refuses to go on from where its cache is not, or with rows that it does not retain', async () => {
  const hub = await startHub();
  const { one, two, three, deploy, cacheId, answered } = await midAnswer(hub);
  const all = [...prompt, ...answered.slice(0, 6)];
  const next = new Epoch([one, two, three], await deploy([one, two, three], 1), cacheId);
  await next.open(all, all.length);
  next.resume(0, { length: all.length + 1, sendFrom: all.length, sampleAfter: all.length });
  next.resume(1, { length: all.length, sendFrom: 2, sampleAfter: all.length });
  for (const worker of [one, two]) {
    const { code } = await worker.message('session-failed', (m) => m.sessionId === next.sessionId);
    expect(code).toBe('cache-miss');
  }
});

it('a cache whose session ended with its epoch is given up when a new session needs its room', async () => {
  const hub = await startHub();
  const { worker, host } = await join(hub, { memoryBytes: 133e6 });
  const [stage] = cut(1, hub.addBlob(randomBytes(50)));
  const assigns = await hub.deploy([{ worker, stage: stage as NonNullable<typeof stage> }]);
  const { assignmentId, epoch } = assigns[0] as Assign;
  const open = (sessionId: SessionId, cacheId: CacheId, capacity: number): void =>
    worker.send({
      ...{ type: 'open-session', sessionId, assignmentId, epoch, cacheId, ...limits, capacity },
      ...{ sampling, tokens: prompt },
    });
  const cacheBytes = (await worker.message('stage-report', ({ state }) => state === 'ready')).cacheBytes ?? 0;
  const room = Math.floor(cacheBytes / 8);
  const [former, latter] = [SessionId.parse(randomUUID()), SessionId.parse(randomUUID())];
  const formerCache = CacheId.parse(randomUUID());
  open(former, formerCache, room);
  await worker.message('session-opened', (m) => m.sessionId === former);
  // A step that can't be: the session fails, its cache stays for another epoch.
  worker.send({
    ...{ type: 'prompt', sessionId: former, assignmentId: AssignmentId.parse(assignmentId), epoch },
    ...{ position: 3, tokens: prompt, steps: [4] },
  });
  await worker.message('session-failed', (m) => m.sessionId === former);
  expect([...host.openCaches]).toEqual([formerCache]);
  open(latter, CacheId.parse(randomUUID()), room);
  await worker.message('session-opened', (m) => m.sessionId === latter);
  expect(host.openCaches.has(formerCache)).toBe(false);
});

it('keeps stages and the caches of answers for a hub that is away, for 15 minutes and no longer', async () => {
  const hub = await startHub();
  const waits: { milliseconds: number; end: () => void; isOff: boolean }[] = [];
  const clock = {
    after(milliseconds: number, end: () => void) {
      const wait = { milliseconds, end, isOff: false };
      waits.push(wait);
      return () => void (wait.isOff = true);
    },
  };
  const { worker } = await join(hub, {}, { clock });
  const [stage] = cut(1, hub.addBlob(randomBytes(50)));
  const deploy = (to: ScriptedWorker, epoch: number): Promise<Assign[]> =>
    hub.deploy([{ worker: to, stage: stage as NonNullable<typeof stage> }], { epoch });
  const cacheId = CacheId.parse(randomUUID());
  const first = new Epoch([worker], await deploy(worker, 0), cacheId);
  await first.open(prompt);
  first.feed(0, prompt);
  const all = [...prompt, ...(await first.tokensUntil(12)).slice(0, 6)];

  worker.cut();
  const back = await hub.worker();
  expect(back.hello.heldStages).toHaveLength(1);
  const next = new Epoch([back], await deploy(back, 1), cacheId);
  expect(await next.open(all, all.length)).toMatchObject([{ length: all.length - 1 }]);
  expect(waits).toMatchObject([{ milliseconds: 15 * 60_000, isOff: true }]);

  const hellos: number[] = [];
  const isForgotten = new Promise<void>((resolve) => {
    hub.onHello = ({ heldStages = [] }) => {
      hellos.push(heldStages.length);
      if (heldStages.length === 0) resolve();
      else if (hellos.length === 2) waits[1]?.end();
      return { type: 'refusal', code: 'shutting-down', message: 'not now', retry: true };
    };
  });
  back.cut();
  await isForgotten;
  expect(waits).toMatchObject([{ isOff: true }, { milliseconds: 15 * 60_000, isOff: false }]);
  // Those of both epochs, then none.
  expect(hellos.slice(0, 3)).toEqual([2, 2, 0]);
});
