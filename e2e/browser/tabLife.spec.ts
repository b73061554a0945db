import type { TabSnapshot } from '@potluck/browser-worker';
import { stopTokenId } from '@potluck/onnx/testing';
import type OpenAI from 'openai';
import { startHub, startWorker, untilServed, type HubProcess } from '../support/hubProcess.ts';
import { nodesOf } from '../support/nodes.ts';
import { startTurnServer, type TurnServer } from '../support/turnServer.ts';
import { ask, askNow } from './support/ask.ts';
import { expect, test } from './support/fixtures.ts';
import { writeSmallModel, type ModelDirectory } from './support/smallModel.ts';
import { holdMessages } from './support/holdMessages.ts';
import { openTab, serves } from './support/tab.ts';
import { serveTestPage, type TestPage } from './support/testPage.ts';
import { holdLock } from './support/webLock.ts';

const prompt = 'The river rose.';
const memoryBytes = 80e6;
/** Seconds, on wasm. */
const longAnswerTokens = 900;
/** Done on a busy machine too before a tab that pauses waits no longer. */
const answerTokens = 300;

let page: TestPage;

/** In the engine: does nothing while the page holds that lock. */
const obedientEngine = holdMessages(
  "() => navigator.locks.request('computing', { mode: 'shared' }, () => undefined)",
);

test.beforeAll(async () => {
  page = await serveTestPage({ inEngine: obedientEngine });
});

test.afterAll(() => page[Symbol.asyncDispose]());

/** For stages that hubs with other flags share. */
const startStages = (model: ModelDirectory, ...flags: string[]): Promise<HubProcess> =>
  startHub({ flags: ['--model', model.path, '--local-workers', '0', '--stages', '2', ...flags] });

test('a tab reloaded in the middle of an answer is the same worker, rejoins with its weights, and goes on with the answer', async ({
  browser,
  tabHub: hub,
}) => {
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
  await tab.command('start');
  const before = await tab.until(serves);
  const answer = await ask(hub, prompt);
  const { rest } = await beginAnswer(hub);
  await tab.page.reload();
  const after = await tab.until(serves);
  expect(after.workerId).toBe(before.workerId);
  expect(after.stages[0]?.packs.map(({ cached }) => cached)).not.toContain(false);
  expect(await rest).toBe(longAnswerTokens);
  expect(await ask(hub, prompt)).toEqual(answer);
  // Its beacon, or its socket's end: what comes first.
  await expect.poll(() => hub.log()).toMatch(/its page was left|its connection closed/);
});

/** A long answer, of which the first words are there. */
async function beginAnswer(hub: HubProcess, tokens = longAnswerTokens): Promise<{ rest: Promise<number> }> {
  await untilServed(hub.url);
  const stream = await hub.client.chat.completions.create({
    model: 'small',
    messages: [{ role: 'user', content: prompt }],
    temperature: 0,
    max_tokens: tokens,
    logit_bias: { [stopTokenId]: -100 },
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<OpenAI.ChatCompletionChunk, undefined>;
  await chunks.next();
  const count = async (): Promise<number> => {
    for (;;) {
      const { done, value } = await chunks.next();
      if (done) throw new Error('the stream ended without its usage');
      if (value.usage) return value.usage.completion_tokens;
    }
  };
  const rest = count();
  rest.catch(() => undefined);
  return { rest };
}

test('a tab that pauses gets nothing new, and its answer ends first; that it paused, and that it left, is kept over a reload', async ({
  browser,
  tabHub: hub,
}) => {
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
  await tab.command('start');
  await tab.until(serves);
  const { rest } = await beginAnswer(hub, answerTokens);
  // Its answer can't end meanwhile.
  const computeAgain = await holdLock(tab.page, 'computing');
  const paused = tab.command('pause');
  paused.catch(() => undefined);
  await expect.poll(async () => (await nodesOf(hub))[0]?.reason).toBe('leaves when its answers have ended');
  await expect(askNow(hub, prompt)).rejects.toThrow(/it is moving to other devices \(.* is leaving\)/);
  await computeAgain();
  expect(await rest).toBe(answerTokens);
  await paused;
  expect(await tab.snapshot()).toMatchObject({ state: 'paused', stages: [] });
  expect(await nodesOf(hub)).toEqual([]);

  await tab.page.reload();
  expect(await tab.until(({ state }) => state !== 'inspecting')).toMatchObject({ state: 'paused' });
  await tab.command('resume');
  const { stages } = await tab.until(serves);

  await test.step('another tab of its browser forgets no weights that it serves, and says so', async () => {
    const other = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
    await other.command('forgetWeights');
    const { cache, events } = await other.snapshot();
    // The last stage has the vocabulary beside its weights, for answers that are held to a grammar.
    expect(cache.blobs).toBe((stages[0]?.packs.length ?? 0) + 1);
    expect(cache.bytes).toBeGreaterThan(stages[0]?.totalBytes ?? Infinity);
    expect(events.at(-1)?.text).toBe(
      'weights of layers that tabs of this browser serve now are not forgotten',
    );
    await other.page.close();
  });

  await tab.command('leave');
  await tab.page.reload();
  expect(await tab.until(({ state }) => state !== 'inspecting')).toMatchObject({ state: 'idle' });
  await tab.command('forgetWeights');
  expect((await tab.snapshot()).cache).toMatchObject({ bytes: 0, blobs: 0 });
});

test('a tab that leaves is gone at once, also while it waits for an answer to end, which another tab goes on with', async ({
  browser,
  tabHub: hub,
}) => {
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
  await tab.command('start');
  await tab.until(serves);
  const { rest } = await beginAnswer(hub, answerTokens);
  const paused = tab.command('pause');
  paused.catch(() => undefined);
  await tab.command('leave');
  await paused;
  expect((await tab.snapshot()).state).toBe('idle');
  expect(await nodesOf(hub)).toEqual([]);
  const other = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
  await other.command('start');
  expect(await rest).toBe(answerTokens);
});

test('activations can be relayed by the hub', async ({ browser, model }) => {
  await using hub = await startStages(model, '--force-relay');
  await using context = await browser.newContext();
  await using _worker = await startWorker(hub, 'node', ['--memory', String(memoryBytes)]);
  const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm', memoryBytes });
  await tab.command('start');
  await tab.until(serves);
  const { peers } = await tab.until(({ peers }) =>
    peers.some(({ state }) => state === 'direct' || state === 'relayed'),
  );
  expect(peers).toMatchObject([{ state: 'relayed' }]);
  expect((await ask(hub, prompt)).tokens).toHaveLength(24);
});

test.describe('in two stages', () => {
  let turn: TurnServer;
  let hub: HubProcess;

  test.beforeAll(async ({ model }) => {
    turn = await startTurnServer();
    hub = await startStages(
      model,
      ...['--turn', turn.url, '--turn-username', turn.username, '--turn-credential', turn.credential],
    );
  });

  test.afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    await turn[Symbol.asyncDispose]();
  });

  test('two tabs of one browser both serve: the second starts while the first is at work', async ({
    browser,
  }) => {
    await using context = await browser.newContext();
    const init = { pageUrl: page.url, hub, device: 'wasm', memoryBytes } as const;
    const one = await openTab(context, { ...init, name: 'one' });
    await one.command('start');
    await one.until(({ state }) => state === 'contributing');
    const other = await openTab(context, { ...init, name: 'other' });
    await other.command('start');
    for (const tab of [one, other]) await tab.until(serves);
    const { route, tokens } = await ask(hub, prompt);
    // A browser's second tab has a number to its name.
    for (const name of ['one[', 'other (2)[']) expect(decodeURIComponent(route ?? '')).toContain(name);
    expect(tokens).toHaveLength(24);
  });

  test('activations can be relayed by the page, which keeps the channels, and by the TURN server that the hub names', async ({
    browser,
  }) => {
    const init = { pageUrl: page.url, hub, name: 'tab', device: 'wasm', memoryBytes } as const;
    await expect.poll(() => nodesOf(hub)).toEqual([]);
    await using _worker = await startWorker(hub, 'node', ['--memory', String(memoryBytes)]);

    await test.step('by the page', async () => {
      await using context = await browser.newContext();
      const tab = await openTab(context, { ...init, handOver: false });
      await tab.command('start');
      await tab.until(serves);
      const { peers } = await tab.until(({ peers }) => peers.some(({ state }) => state === 'direct'));
      expect(peers).toMatchObject([{ state: 'direct' }]);
      expect((await ask(hub, prompt)).tokens).toHaveLength(24);
    });
    await expect.poll(async () => (await nodesOf(hub)).map(({ name }) => name)).toEqual(['node']);

    await test.step('by the TURN server, where no peer can reach the tab directly', async () => {
      await using context = await browser.newContext();
      // As behind a firewall that lets nothing through but what goes to the TURN server.
      await context.addInitScript(() => {
        globalThis.RTCPeerConnection = class extends RTCPeerConnection {
          constructor(configuration?: RTCConfiguration) {
            super({ ...configuration, iceTransportPolicy: 'relay' });
          }
        };
      });
      const tab = await openTab(context, init);
      await tab.command('start');
      await tab.until(serves);
      const { peers } = await tab.until(({ peers }) =>
        peers.some(({ candidatePair }) => candidatePair?.local.type === 'relay'),
      );
      expect(peers).toMatchObject([{ state: 'direct' }]);
      await expect
        .poll(async () => (await nodesOf(hub)).find(({ name }) => name === 'tab')?.peers)
        .toMatchObject([{ state: 'direct', candidates: { local: 'relay' } }]);
      const { tokens, route } = await ask(hub, prompt);
      expect(tokens).toHaveLength(24);
      expect(route).toMatch(/^(tab|node)\[0-\d\],(tab|node)\[\d-3\]$/);
    });
  });
});

test('a tab without room for its weights serves from memory, and says so', async ({
  browser,
  tabHub: hub,
}) => {
  await using context = await browser.newContext();
  const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
  const devtools = await context.newCDPSession(tab.page);
  const { origin } = new URL(page.url);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 20_000 });
  await tab.command('start');
  const { stages, cache } = await tab.until(serves);
  expect(cache.inMemory).toBe(true);
  expect(stages[0]?.doneBytes).toBe(stages[0]?.totalBytes);
  expect((await ask(hub, prompt)).tokens).toHaveLength(24);
});

test('a tab whose storage is full forgets the weights that it does not need, and says so', async ({
  browser,
}) => {
  await using context = await browser.newContext();
  const { origin } = new URL(page.url);
  /** Serves a model of some megabytes; returns what is kept then. */
  const serve = async (intermediateSize: number): Promise<TabSnapshot> => {
    await using large = await writeSmallModel({ layers: 5, hiddenSize: 512, intermediateSize });
    await using hub = await startHub({ flags: ['--model', large.path, '--local-workers', '0'] });
    const tab = await openTab(context, { pageUrl: page.url, hub, device: 'wasm' });
    const devtools = await context.newCDPSession(tab.page);
    await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 12e6 });
    await tab.command('start');
    await tab.until(serves);
    await tab.command('leave');
    const snapshot = await tab.snapshot();
    await tab.page.close();
    return snapshot;
  };
  const before = await serve(1024);
  expect(before.cache.inMemory).toBe(false);
  const after = await serve(1280);
  expect(after.cache).toMatchObject({ inMemory: false });
  expect(after.events.map(({ text }) => text)).toContain(
    'storage is full; removed weights that no stage here needs',
  );
});

test('a hub that does not know the token is told apart from one that is away', async ({
  browser,
  tabHub: hub,
}) => {
  await using context = await browser.newContext();
  const strange = { ...hub, joinToken: 'not-the-token-of-this-hub' };
  const tab = await openTab(context, { pageUrl: page.url, hub: strange, device: 'wasm' });
  await tab.command('start');
  const { problem } = await tab.until(({ state }) => state === 'refused');
  expect(problem?.message).toMatch(/join token is wrong|join link/);
  expect(problem?.advice).toMatch(/join link/);
});
