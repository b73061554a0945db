import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { requestCode } from './requestCode.ts';

test('a shell reads the body as it was, whatever its words are', () => {
  const body = { model: 'm', messages: [{ role: 'user', content: `It's "$HOME" \`date\` \\ and\nmore` }] };
  const curl = requestCode('http://hub/v1', 'KEY', body).find(({ name }) => name === 'curl')?.text ?? '';
  // The last argument of the command, as the shell passes it.
  const said = execFileSync('sh', ['-c', `curl() { for last; do :; done; printf %s "$last"; }; ${curl}`]);
  expect(JSON.parse(said.toString())).toEqual(body);
});

test('the example in Python is what a person would write: arguments by name, and what the package does not know beside', () => {
  const body = { model: 'm', messages: [{ role: 'user', content: 'Say "Hello"' }], logprobs: true, top_k: 3 };
  const python = requestCode('http://hub/v1', 'KEY', body).find(({ name }) => name === 'Python')?.text ?? '';
  expect(python.split('\n').slice(3, 9)).toEqual([
    'answer = client.chat.completions.create(',
    '    model="m",',
    '    messages=[{"role": "user", "content": "Say \\"Hello\\""}],',
    '    logprobs=True,',
    '    extra_body={"top_k": 3},',
    ')',
  ]);
});
