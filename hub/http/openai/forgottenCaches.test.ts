/** Stages that say that they have a cache and do not: the answer is computed from its tokens, and is the same. */
import type { CacheId, OpenSession, Prompt } from '@potluck/protocol';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scriptedTimings, type ScriptedWorker } from '../../testing/scriptedWorker.ts';
import { startTestHub, testApiKey, type TestHub } from '../../testing/testHub.ts';
import { testStopToken } from '../../testing/testModel.ts';

let hub: TestHub;
let worker: ScriptedWorker;
/** What it says that a cache begins with; undefined to say the truth. */
let claim: ((from: OpenSession['from']) => number) | undefined;
const kept = new Map<CacheId, number>();
const opened = new Map<string, OpenSession>();
const prompts: Prompt[] = [];
let lies = false;

beforeAll(async () => {
  hub = await startTestHub();
  worker = hub.worker('forgetful', {
    onAssign: (one, { assignmentId }) =>
      one.send({ type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9, replay: 'chunks' }),
    onOpen: (one, message) => {
      const { sessionId, assignmentId, epoch, from } = message;
      opened.set(sessionId, message);
      const has = from && kept.has(from.cacheId) ? from.length : 0;
      const length = claim ? claim(from) : has;
      one.send({
        type: 'session-opened',
        ...{ sessionId, assignmentId, epoch, length, retainedFrom: length },
      });
    },
    onPrompt: (one, message) => {
      const { sessionId, assignmentId, epoch, position, tokens } = message;
      prompts.push(message);
      if (lies && position > 0) {
        const failed = { code: 'cache-miss', message: `the cache is at 0, not at ${position}` } as const;
        one.send({ type: 'session-failed', sessionId, assignmentId, epoch, ...failed });
        return;
      }
      one.tokens(sessionId, position + tokens.length, [...hub.encode('Paris'), testStopToken], 'stop');
    },
    onClose: (one, { sessionId, assignmentId, keep }) => {
      const open = opened.get(sessionId);
      if (open && keep !== undefined) kept.set(open.cacheId, keep);
      const answer = keep === undefined ? {} : { kept: keep };
      one.send({
        ...{ type: 'session-closed', sessionId, assignmentId, timings: scriptedTimings },
        ...answer,
      });
    },
  });
  await hub.served();
});
afterAll(() => hub.close());

async function ask() {
  const client = new OpenAI({ baseURL: `${hub.url}/v1`, apiKey: testApiKey, maxRetries: 0 });
  const content = 'What is the capital of France, of Italy and of Spain, and which is the oldest of them?';
  const { choices, usage } = await client.chat.completions.create({
    model: 'test-model',
    messages: [{ role: 'user', content }],
  });
  const { prompt_tokens: promptTokens = 0 } = usage ?? {};
  return {
    text: choices[0]?.message.content,
    promptTokens,
    cached: usage?.prompt_tokens_details?.cached_tokens,
  };
}

test('a stage that has the cache gets the rest of the prompt, one that forgot it the whole, one that lies the whole next', async () => {
  const first = await ask();
  expect(first).toMatchObject({ text: 'Paris', cached: 0 });
  const { promptTokens } = first;
  expect(await ask()).toMatchObject({ text: 'Paris', cached: promptTokens - 1 });
  expect(prompts.at(-1)).toMatchObject({ position: promptTokens - 1, steps: [1] });

  claim = () => 0;
  expect(await ask()).toMatchObject({ text: 'Paris', cached: 0 });
  expect(prompts.at(-1)).toMatchObject({ position: 0 });

  // More than was asked for is no more than that.
  claim = (from) => (from ? from.length + 1000 : 0);
  expect(await ask()).toMatchObject({ text: 'Paris', cached: promptTokens - 1 });

  lies = true;
  const before = prompts.length;
  expect(await ask()).toMatchObject({ text: 'Paris' });
  expect(prompts.slice(before).map(({ position }) => position)).toEqual([promptTokens - 1, 0]);
  const source = [...opened.values()].findLast(({ from }) => from)?.from?.cacheId;
  await worker.message('drop-caches', ({ cacheIds }) => source !== undefined && cacheIds.includes(source));
});
