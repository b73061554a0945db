import { once } from 'node:events';
import type OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { EventReader } from '../hub/testing/eventReader.ts';
import { answersOf } from './support/answers.ts';
import { askNumbers, newcomer, nextTurn, type Messages } from './support/askers.ts';
import { startHub, startWorker, type HubProcess } from './support/hubProcess.ts';
import { promptsOfLength } from './support/prompts.ts';

const model = 'minimind2-small';
const question: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'What is the capital of France?' },
];

describe('a hub as it comes', () => {
  let hub: HubProcess;
  beforeAll(async () => {
    hub = await startHub({ ownGroup: true });
    return () => hub[Symbol.asyncDispose]();
  });

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

  test('ends its answers first when Ctrl-C tells all processes of its terminal to end', async () => {
    const asked = { model, temperature: 0, max_tokens: 120 };
    const messages = [{ role: 'user' as const, content: 'Tell me a long story about a river.' }];
    const whole = await hub.client.chat.completions.create({ ...asked, messages });
    const stream = await hub.client.chat.completions.create({ ...asked, messages, stream: true });
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
});

test('a worker from another machine joins with the token and takes a share', async () => {
  await using hub = await startHub({
    flags: ['--local-workers', '1', '--stages', '2'],
    waitUntilReady: false,
  });
  await using _worker = await startWorker(hub, 'second');
  await hub.ready;
  const { data, response } = await hub.client.chat.completions
    .create({ model, messages: question, temperature: 0 })
    .withResponse();
  expect(data.choices[0]?.message.content).toContain('Paris');
  expect(response.headers.get('x-potluck-route')).toMatch(
    /^(local-1|second)\[0-\d\],(local-1|second)\[\d-7\]$/,
  );
});

/** With other numbers of stages and more prompts: answers.full.test.ts. */
test('three stages give the tokens and probabilities that one gives, direct and relayed', async () => {
  const prompts = await promptsOfLength(6, 128);
  const whole = await answersOf(['--stages', '1'], prompts);
  expect(whole.filter(({ tokens }) => tokens.length > 10).length).toBeGreaterThan(3);
  const three = ['--stages', '3', '--local-workers', '3'];
  expect(await answersOf(three, prompts)).toEqual(whole);
  expect(await answersOf([...three, '--force-relay'], prompts)).toEqual(whole);
});
