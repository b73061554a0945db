/** However many stages: the same tokens and probabilities, for 50 prompts. */
import { beforeAll, expect, test } from 'vitest';
import { answersOf, type Answer } from './support/answers.ts';
import { promptsOfLength } from './support/prompts.ts';

let prompts: string[];
let expected: Answer[];

beforeAll(async () => {
  prompts = await promptsOfLength(50, 128);
  expected = await answersOf(['--stages', '1'], prompts);
  expect(expected.filter(({ tokens }) => tokens.length > 10).length).toBeGreaterThan(25);
});

test.each([2, 3, 4, 8])('%i stages give the tokens and probabilities that one gives', async (stages) => {
  const flags = ['--stages', String(stages), '--local-workers', String(stages)];
  expect(await answersOf(flags, prompts)).toEqual(expected);
});
