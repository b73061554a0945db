import type OpenAI from 'openai';
import { beforeAll, describe, expect, test } from 'vitest';
import { EventReader } from '../hub/testing/eventReader.ts';
import { startHub, startWorker, type HubProcess } from './support/hubProcess.ts';
import { promptsOfLength } from './support/prompts.ts';

const model = 'minimind2-small';
const question: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'user', content: 'What is the capital of France?' },
];

describe('a hub as it comes', () => {
  test('answers, streams, names its route and says what it serves', async () => {
    await using hub = await startHub();
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
    expect(usage).toMatchObject(data.usage ?? {});
  });

  test('says how busy its workers are while they answer, and when they rest', async () => {
    await using hub = await startHub();
    const events = await EventReader.open(hub);
    await hub.client.chat.completions.create({ model, messages: question });
    const { node } = await events.until('node', ({ node: { load } }) => load > 0);
    expect(node.load).toBeLessThanOrEqual(1);
    await events.until('node', ({ node: { id, load } }) => id === node.id && load === 0);
    events.close();
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
});

describe('the number of stages', () => {
  let prompts: string[];
  let expected: Answer[];

  beforeAll(async () => {
    prompts = await promptsOfLength(50, 128);
    await using hub = await startHub({ flags: ['--stages', '1'] });
    expected = await answers(hub, prompts);
    expect(expected.filter(({ tokens }) => tokens.length > 10).length).toBeGreaterThan(25);
  });

  test.each([2, 3, 4, 8])('%i stages give the tokens and probabilities that one gives', async (stages) => {
    await using hub = await startHub({
      flags: ['--stages', String(stages), '--local-workers', String(stages)],
    });
    const actual = await answers(hub, prompts);
    expect(actual).toEqual(expected);
  });

  test('so does the relay', async () => {
    await using hub = await startHub({ flags: ['--stages', '3', '--local-workers', '3', '--force-relay'] });
    expect(await answers(hub, prompts.slice(0, 10))).toEqual(expected.slice(0, 10));
  });
});

interface Answer {
  text: string | null | undefined;
  finish: string | undefined;
  tokens: { token: string; logprob: number }[];
}

/** Greedy for even prompts, seeded for odd ones; four at a time share the pipeline. */
async function answers(hub: HubProcess, prompts: string[]): Promise<Answer[]> {
  const results: Answer[] = [];
  const waiting = [...prompts.entries()];
  const ask = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, content] = next;
      const completion = await hub.client.chat.completions.create({
        model,
        messages: [{ role: 'user', content }],
        max_tokens: 32,
        logprobs: true,
        ...(index % 2 === 0 ? { temperature: 0 } : { temperature: 0.8, top_p: 0.95, seed: 1000 + index }),
      });
      const choice = completion.choices[0];
      results[index] = {
        text: choice?.message.content,
        finish: choice?.finish_reason,
        tokens: choice?.logprobs?.content?.map(({ token, logprob }) => ({ token, logprob })) ?? [],
      };
    }
  };
  await Promise.all([ask(), ask(), ask(), ask()]);
  return results;
}
