/** What is computed once is not computed again, and nobody sees a difference but in time and `cached_tokens`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestDetail } from '@potluck/api';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { askNumbers as ask, newcomer, nextTurn, type Messages } from './support/askers.ts';
import { startHub, type HubProcess } from './support/hubProcess.ts';
import { localWorkers } from './support/processes.ts';
import { requestOf, workersOf } from './support/requests.ts';

const sentence = 'The river rose after three days of rain, and the people carried their chairs up the hill. ';
/** On every processor its kernels give a cache the same bits from chunks of any length. */
describe('a model whose caches come out the same from any steps, in two stages', () => {
  let hub: HubProcess;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'potluck-prefixes-'));
    const model = join(directory, 'small');
    await writeRandomDecoder(model, { ...tinyDecoder, weights: 'f32', contextLength: 2048 });
    hub = await startHub({ flags: ['--model', model, '--stages', '2', '--local-workers', '3'] });
  });
  afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const firstTurn: Messages = [{ role: 'user', content: `${sentence.repeat(4)}What happened?` }];

  test('computes only what is new, to the same probabilities', async () => {
    const client = await newcomer(hub);
    const first = await ask(client, firstTurn);
    expect(first.cached).toBe(0);
    const secondTurn = nextTurn(firstTurn, first.choices[0]?.text);
    const second = await ask(client, secondTurn);
    expect(second.cached).toBeGreaterThanOrEqual(first.promptTokens);
    const anew = await ask(await newcomer(hub), secondTurn);
    expect(anew.cached).toBe(0);
    expect(second.choices).toEqual(anew.choices);

    // The same question again: only the step that draws.
    const again = await ask(client, firstTurn);
    expect(again.cached).toBe(first.promptTokens - 1);
    expect(again.choices).toEqual(first.choices);
    const salted: object = { cache_salt: 'nobody else has it' };
    expect((await ask(client, firstTurn, salted)).cached).toBe(0);
    expect((await ask(client, firstTurn, salted)).cached).toBe(first.promptTokens - 1);

    // Another question to the same story, seeded.
    const other: Messages = [{ role: 'user', content: `${sentence.repeat(4)}Who carried what?` }];
    const seeded = { temperature: 0.8, seed: 7 };
    const branched = await ask(client, other, seeded);
    expect(branched.cached).toBeGreaterThan(4 * sentence.length);
    expect(branched.cached).toBeLessThan(first.promptTokens - 8);
    expect(branched.choices).toEqual((await ask(await newcomer(hub), other, seeded)).choices);
  });

  test('computes the prompt of several choices once', async () => {
    const seeded = { temperature: 0.9, seed: 3, n: 4 };
    const four = await ask(await newcomer(hub), firstTurn, seeded);
    // What one choice has of another was computed for this request.
    expect(four.cached).toBe(0);
    expect(new Set(four.choices.map(({ text }) => text)).size).toBeGreaterThan(1);
    const client = await newcomer(hub);
    await ask(client, firstTurn, { max_tokens: 1 });
    const cached = await ask(client, firstTurn, seeded);
    expect(cached.cached).toBe(cached.promptTokens - 1);
    expect(cached.choices).toEqual(four.choices);
    // Each choice ran the prompt's last token, and one of the first four all of it.
    const { requests } = (await (await fetch(`${hub.url}/api/requests?limit=9`)).json()) as {
      requests: {
        promptTokens: number;
        completionTokens: number;
        stages: { timings: { tokens: number } }[];
      }[];
    };
    const promptTokens = requests.map((request) => {
      const ran = request.stages[0]?.timings.tokens ?? 0;
      return ran - request.completionTokens + 1;
    });
    expect(promptTokens.filter((tokens) => tokens === 1)).toHaveLength(7);
    expect(promptTokens.filter((tokens) => tokens === four.promptTokens)).toHaveLength(2);
  });

  const long = { max_tokens: 150, logit_bias: { 2: -100 }, seed: 11, temperature: 0.7 };
  let undisturbed: ReturnType<typeof ask> | undefined;

  type LostAnswer = Pick<RequestDetail, 'replays' | 'stages'> & { text: string; cached: number };

  /** Asks, and kills the worker of the first or the last stage once 20 pieces of the answer are here. */
  async function losing(
    which: string,
    client: OpenAI,
    body: OpenAI.ChatCompletionCreateParamsStreaming,
  ): Promise<LostAnswer> {
    const { data: stream, response } = await client.chat.completions.create(body).withResponse();
    const workers = workersOf(response.headers.get('x-potluck-route') ?? '');
    const victim = which === 'first' ? workers[0] : workers.at(-1);
    const pid = localWorkers(hub).find(({ name }) => name === victim)?.pid;
    let text = '';
    let chunks = 0;
    let cached = -1;
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? '';
      if (++chunks === 20 && pid !== undefined) process.kill(pid, 'SIGKILL');
      cached = usage?.prompt_tokens_details?.cached_tokens ?? cached;
    }
    const { replays, stages } = await requestOf(hub, response.headers.get('x-request-id') ?? '');
    return { text, cached, replays, stages };
  }

  test.each(['first', 'last'])(
    'goes on exactly when the %s stage of a second turn is lost',
    async (which) => {
      const client = await newcomer(hub);
      const salted: object = { cache_salt: 'nobody else has it' };
      undisturbed ??= ask(client, firstTurn, { ...long, ...salted, logprobs: false, top_logprobs: null });
      const whole = await undisturbed;
      const { data } = await client.models.list();
      let answer: LostAnswer;
      // On a busy machine the answer may end before this process has read as much of it: then once more.
      do {
        await ask(client, firstTurn, { max_tokens: 2 });
        answer = await losing(which, client, {
          ...{ model: data[0]?.id ?? '', messages: firstTurn, ...long },
          ...{ stream: true, stream_options: { include_usage: true } },
        });
      } while (answer.replays === 0);
      const { text, cached, stages } = answer;
      // On a busy machine the hub may find that another device is faster, which has none of it.
      if (!/is about to move/.test(hub.log())) expect(cached).toBe(whole.promptTokens - 1);
      expect(text).toBe(whole.choices[0]?.text);
      // The answer's tokens so far ran again several at once, as the prompt did.
      const { tokens = 0, tokenSteps = 0 } = (which === 'first' ? stages[0] : stages.at(-1))?.timings ?? {};
      expect(tokens - tokenSteps).toBeGreaterThan(whole.promptTokens);
    },
  );

  test('shares system prompts between askers, as a whole and nothing else', async () => {
    const story = `You know a story. ${sentence.repeat(5)}`;
    const asking = (question: string, system = story): Messages => [
      { role: 'system', content: system },
      { role: 'user', content: question },
    ];
    const first = await ask(await newcomer(hub), asking('Hello, I am Ada.'));
    const second = await ask(await newcomer(hub), asking('Hello, I am Adam.'));
    expect(second.cached).toBeGreaterThan(5 * sentence.length);
    // Both said hello, and that stays between each and the hub.
    expect(second.cached).toBeLessThan(first.promptTokens - 'Hello, I am Ada.'.length);
    const third = await ask(await newcomer(hub), asking('Hello, I am Ada.', `${story} The end.`));
    expect(third.cached).toBe(0);
  });
});
