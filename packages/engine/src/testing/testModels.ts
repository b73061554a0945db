/** Real exports to test with, where the environment variable POTLUCK_TEST_MODELS names their folder. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const root = process.env.POTLUCK_TEST_MODELS;

/** The folder, or undefined, said once for each file of tests. */
export const testModels = root !== undefined && existsSync(root) ? root : undefined;
if (testModels === undefined)
  console.warn('POTLUCK_TEST_MODELS names no folder: real exports are not tested');

export interface ExpectedAnswer {
  prompt_ids: number[];
  greedy_ids: number[];
}

/** What the whole model answers on the CPU, greedily. @param graph key where the file has several graphs */
export async function expectedAnswers(directory: string, graph?: string): Promise<ExpectedAnswer[]> {
  const text = await readFile(path.join(directory, 'expected.json'), 'utf8');
  const expected = JSON.parse(text) as Record<string, ExpectedAnswer[] | undefined>;
  const answers = expected[graph ?? 'cases'];
  if (!answers) throw new RangeError(`No expected answers in ${directory}`);
  return answers;
}
