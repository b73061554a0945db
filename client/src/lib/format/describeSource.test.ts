import { expect, test } from 'vitest';
import { describeSource, folderName } from './describeSource.ts';

test.each([
  ['/tmp/models/soup#model_q4', 'from the folder soup (model_q4)'],
  ['C:\\models\\so#up#model', 'from the folder so#up (model)'],
  ['./soup', 'from the folder soup'],
  ['upload soup', 'from the upload soup'],
  ['https://huggingface.co/ada/soup#model (8f3a)', 'from https://huggingface.co/ada/soup#model (8f3a)'],
])('%s is told without its path', (source, words) => {
  expect(describeSource(source)).toBe(words);
});

test('a repository is no path', () => {
  expect(folderName('ada/soup')).toBe('ada/soup');
  expect(folderName('/srv/soup/')).toBe('soup');
});
