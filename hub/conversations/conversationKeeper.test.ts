import { expect, test, vi } from 'vitest';
import type { LikelyToken } from '@potluck/api/likely-tokens';
import type { OutputEvent } from '../generation/output/outputEvents.ts';
import { KeptAnswer } from './conversationKeeper.ts';
import type { MessageRow } from './conversationStore.ts';

const logprobs = [{ token: 1, logprob: 0, top: [] }];
const others = Array.from({ length: 20 }, (_, index) => ({ text: `other ${index}`, probability: 0 }));
const likely = (text: string): LikelyToken => ({ text, probability: 1, others });

/** What is written at the end of an answer of these events. */
async function writtenFor(
  events: OutputEvent[],
  readLogprobs?: () => LikelyToken[],
): Promise<Partial<MessageRow> | undefined> {
  const written: Partial<MessageRow>[] = [];
  const answer = new KeptAnswer('message', {
    writeEveryMs: 60_000,
    write: (change) => written.push(change),
    readLogprobs,
  });
  const source = async function* (): AsyncGenerator<OutputEvent, void, void> {
    yield* events;
  };
  for await (const event of answer.keep(source())) expect(events).toContain(event);
  return written.at(-1);
}

const word: OutputEvent = { type: 'text', text: 'soup', logprobs };

test('how likely the tokens were is kept for words that are shown, with the likeliest of the others', async () => {
  const thought: OutputEvent = { type: 'reasoning', text: 'Hm.', logprobs };
  const end: OutputEvent = { type: 'text', text: '', logprobs };
  const change = await writtenFor([thought, word, end], () => [likely('soup')]);
  expect(change?.content).toBe('<think>Hm.</think>soup');
  expect(change?.tokens).toEqual([{ ...likely('soup'), others: others.slice(0, 4) }]);
});

test('nothing of that is kept where nobody asked, or where the answer is too long', async () => {
  expect(await writtenFor([word])).toMatchObject({ content: 'soup', tokens: null });
  const many = Array.from({ length: 2010 }, () => word);
  const read = vi.fn(() => [likely('soup')]);
  expect(await writtenFor(many, read)).toMatchObject({ tokens: null });
  // What follows is not read any more.
  expect(read).toHaveBeenCalledTimes(2001);
  const most = await writtenFor(many.slice(0, 2000), read);
  expect(most?.tokens).toHaveLength(2000);
});
