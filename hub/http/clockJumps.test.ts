/** A clock that is set while the hub runs: what is under way goes on, and nobody waits for an hour that never was. */
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { Attempts } from '../accounts/attempts.ts';
import { KeyUse } from '../accounts/keyUse.ts';
import { askChat } from '../testing/askChat.ts';
import { startTestHub, testApiKey, type TestHub } from '../testing/testHub.ts';
import { api, elsewhere } from '../testing/apiClient.ts';
import { testStopToken } from '../testing/testModel.ts';

const hourMs = 3_600_000;
const jumps = [
  ['forward', hourMs],
  ['back', -hourMs],
] as const;
const text = 'Hello there';
let hub: TestHub;
/** Holds the second half of answers back. */
let hold: PromiseWithResolvers<void> | undefined;

beforeAll(async () => {
  hub = await startTestHub();
  const said = [...hub.encode(text), testStopToken];
  hub.worker('one', {
    onPrompt: (worker, { sessionId, tokens }) => {
      worker.tokens(sessionId, tokens.length, said.slice(0, 2));
      void (hold?.promise ?? Promise.resolve()).then(() =>
        worker.tokens(sessionId, tokens.length + 2, said.slice(2), 'stop'),
      );
    },
  });
  await hub.served();
});
afterEach(() => {
  hold = undefined;
  vi.useRealTimers();
});
afterAll(() => hub.close());

/** Only what `Date` says: timers go on as they do on a machine whose clock is set. */
function jump(byMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + byMs, shouldAdvanceTime: false });
}

const ask = (key = testApiKey, more = {}): Promise<Response> =>
  askChat(hub, more, { headers: { ...elsewhere, authorization: `Bearer ${key}` } });

test.each(jumps)(
  'an hour %s: an answer under way goes on, and its worker keeps its lease',
  async (_, byMs) => {
    hold = Promise.withResolvers();
    const { body } = await ask(testApiKey, { stream: true });
    const events = body?.pipeThrough(new TextDecoderStream()).getReader();
    let received = (await events?.read())?.value ?? '';
    jump(byMs);
    hold.resolve();
    for (let next = await events?.read(); next && !next.done; next = await events?.read())
      received += next.value;
    const deltas = [...received.matchAll(/"content":"([^"]*)"/g)].map(([, delta]) => delta);
    expect(deltas.join('')).toBe(text);
    expect(received).toMatch(/"finish_reason":"stop"[^]*\[DONE\]/);
    expect(hub.registry.table.size).toBe(1);
  },
);

test('a key ends by the clock: it is refused as expired while the clock is past its end, and works again before', async () => {
  const { body } = await api<{ secret: string }>(hub, 'POST', '/keys', {
    name: 'for a day',
    scopes: ['ask'],
    limits: {},
    expiresAt: Date.now() + 24 * hourMs,
  });
  expect((await ask(body.secret)).status).toBe(200);
  jump(25 * hourMs);
  const refused = await ask(body.secret);
  expect(refused.status).toBe(401);
  expect(await refused.text()).toMatch(/expired/);
  vi.useRealTimers();
  jump(-hourMs);
  expect((await ask(body.secret)).status).toBe(200);
});

test.each(jumps)('an hour %s: who guessed waits a minute, as before', (_, byMs) => {
  const attempts = new Attempts();
  for (let guess = 0; guess < 5; guess++) attempts.begin('10.0.0.1');
  jump(byMs);
  const wait = attempts.begin('10.0.0.1');
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
});

test.each(jumps)('an hour %s: a key that has asked often enough waits a minute at most', async (_, byMs) => {
  const use = new KeyUse({
    tokensOf: () => Promise.resolve(0),
    isAway: () => false,
    logger: pino({ level: 'silent' }),
  });
  const key = { id: 'one', name: 'one', limits: { requestsPerMinute: 1 } } as Parameters<KeyUse['begin']>[0];
  await use.begin(key);
  jump(byMs);
  const refused = await use.begin(key);
  expect(refused).toMatchObject({ message: "The key 'one' may ask 1 times a minute." });
  expect((refused as { retryAfterSeconds: number }).retryAfterSeconds).toBeLessThanOrEqual(60);
});
