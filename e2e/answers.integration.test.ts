/** What a hub answers as it comes, and the same from several stages. */
import { once } from 'node:events';
import type OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EventReader } from '../hub/testing/eventReader.ts';
import { answersAt, type Answer } from './support/answers.ts';
import { askNumbers, newcomer, nextTurn, type Messages } from './support/askers.ts';
import { runConstraintTests } from './support/constraintTests.ts';
import { startHub, type HubProcess } from './support/hubProcess.ts';
import { runLinkTests } from './support/linkTests.ts';
import { promptsOfLength } from './support/prompts.ts';
import { requestOf } from './support/requests.ts';

const model = 'minimind2-small';
const story = [{ role: 'user' as const, content: 'Tell me a long story about a river.' }];
const question: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'What is the capital of France?' },
];

let hub: HubProcess;
beforeAll(async () => {
  hub = await startHub({ ownGroup: true });
});
afterAll(() => hub[Symbol.asyncDispose]());

describe('a hub as it comes', () => {
  test('answers, streams, names its route and says what it serves', async () => {
    const models = await hub.client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual([model]);

    const { data, response } = await hub.client.chat.completions
      .create({ model, messages: question, temperature: 0 })
      .withResponse();
    expect(data.choices[0]?.message.content).toContain('Paris');
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(response.headers.get('x-potluck-route')).toBe('local-1[0-7]');

    const stream = await hub.client.chat.completions.create({
      model,
      messages: question,
      temperature: 0,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage;
    }
    expect(text).toBe(data.choices[0]?.message.content);
    // What the first one computed is there.
    const prompt_tokens_details = { cached_tokens: expect.any(Number) as number };
    expect(usage).toMatchObject({ ...data.usage, prompt_tokens_details });
  });

  test('begins a second turn with all that the first computed, to the same probabilities as one that is computed anew', async () => {
    const client = await newcomer(hub);
    const story =
      'The river rose after three days of rain, and the people carried their chairs up the hill. ';
    const firstTurn: Messages = [{ role: 'user', content: `${story.repeat(14)}What happened?` }];
    const first = await askNumbers(client, firstTurn);
    expect(first.promptTokens).toBeGreaterThan(256);
    expect(first.promptTokens).toBeLessThan(511);
    const secondTurn = nextTurn(firstTurn, first.choices[0]?.text);
    const second = await askNumbers(client, secondTurn);
    expect(second.cached).toBeGreaterThanOrEqual(first.promptTokens);
    expect(second.choices).toEqual((await askNumbers(await newcomer(hub), secondTurn)).choices);
  });

  test('tells of the tokens of a prompt what it told of them as an answer', async () => {
    const asked = { model, temperature: 0, logprobs: 1 };
    const answer = (await hub.client.completions.create({
      ...{
        ...asked,
        prompt: '<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n',
        max_tokens: 12,
      },
      ...{ return_token_ids: true },
    })) as OpenAI.Completion & { choices: { prompt_token_ids?: number[]; token_ids?: number[] }[] };
    const [{ logprobs, prompt_token_ids: before = [], token_ids: after = [] } = {}] = answer.choices;
    const prompt = [...before, ...after];
    const scored = await hub.client.completions.create({ ...asked, prompt, echo: true, max_tokens: 0 });
    const told = scored.choices[0]?.logprobs?.token_logprobs;
    expect(told).toHaveLength(prompt.length);
    // Kernels round by the steps.
    const expected = logprobs?.token_logprobs ?? [];
    expect(expected.length).toBeGreaterThan(8);
    expect(told?.slice(before.length, before.length + expected.length)).toEqual(
      expected.map((value) => expect.closeTo(value, 0) as number),
    );
  });

  test('says how busy its workers are while they answer, and when they rest', async () => {
    const events = await EventReader.open(hub);
    await hub.client.chat.completions.create({ model, messages: question });
    const { node } = await events.until('node', ({ node: { load } }) => load > 0);
    expect(node.load).toBeLessThanOrEqual(1);
    await events.until('node', ({ node: { id, load } }) => id === node.id && load === 0);
    events.close();
  });

  test('a client that goes away frees its place at once', async () => {
    const leave = new AbortController();
    const { data: stream, response } = await hub.client.chat.completions
      .create(
        { model, messages: story, stream: true, max_tokens: 4000, logit_bias: { 2: -100 } },
        { signal: leave.signal },
      )
      .withResponse();
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) leave.abort();
    }
    for (;;) {
      const { status } = await requestOf(hub, response.headers.get('x-request-id') ?? '');
      if (status === 'cancelled') break;
      expect(status).toBe('running');
    }
  });

  test('requests that cannot be honoured are refused by name', async () => {
    const ask = hub.client.chat.completions.create.bind(hub.client.chat.completions);
    await expect(ask({ model, messages: story, store: true })).rejects.toMatchObject({
      status: 400,
      param: 'store',
    });
    await expect(ask({ model, messages: story, temperature: 9 })).rejects.toMatchObject({
      status: 400,
      param: 'temperature',
    });
    await expect(ask({ model: 'no/such-model', messages: story })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
    await expect(
      ask({ model, messages: [{ role: 'user', content: 'word '.repeat(60_000) }] }),
    ).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
    const unknownField = await fetch(`${hub.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: story, max_tokens: 3, unheard_of: true }),
    });
    expect(unknownField.status).toBe(200);
  });

  runConstraintTests(() => hub);
});

let prompts: string[] | undefined;
/** What the hub with one stage answers. */
let whole: Answer[] | undefined;

/** With other numbers of stages and more prompts: answers.full.test.ts. */
describe.each([
  ['direct', []],
  ['relayed', ['--force-relay']],
] as const)('three stages, %s,', (state, flags) => {
  let three: HubProcess;
  beforeAll(async () => {
    three = await startHub({ flags: ['--stages', '3', '--local-workers', '3', ...flags] });
    return () => three[Symbol.asyncDispose]();
  });

  test('give the tokens and probabilities that one gives', async () => {
    prompts ??= await promptsOfLength(6, 128);
    whole ??= await answersAt(hub, prompts);
    expect(whole.filter(({ tokens }) => tokens.length > 10).length).toBeGreaterThan(3);
    expect(await answersAt(three, prompts)).toEqual(whole);
  });

  runLinkTests(() => three, state);
});

// The last test: afterwards there is no hub.
test('a hub ends its answers first when Ctrl-C tells all processes of its terminal to end', async () => {
  const asked = { model, temperature: 0, max_tokens: 120 };
  const whole = await hub.client.chat.completions.create({ ...asked, messages: story });
  const stream = await hub.client.chat.completions.create({ ...asked, messages: story, stream: true });
  let text = '';
  for await (const { choices } of stream) {
    const { content } = choices[0]?.delta ?? {};
    if (text === '' && content) process.kill(-(hub.child.pid ?? NaN), 'SIGINT');
    text += content ?? '';
  }
  expect(text).toBe(whole.choices[0]?.message.content);
  if (hub.child.exitCode === null) await once(hub.child, 'exit');
  expect(hub.child.exitCode).toBe(0);
  expect(hub.log()).not.toContain('starting it again');
});
