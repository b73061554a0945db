import { expect, test } from 'vitest';
import { failuresText } from './failures.ts';

test('each failed test is named with the first lines of its error; a linter says what it wrote last', () => {
  const error = `Error: \u001b[31mno soup\u001b[39m\n\n${'x'.repeat(300)}\n${'more\n'.repeat(20)}`;
  const written = Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n');
  const text = failuresText([
    {
      script: 'test:unit',
      output: written,
      failures: [
        { file: 'soup.test.ts', title: 'soup > is hot', error },
        { file: '', title: '', error: 'Error: thrown by nobody' },
      ],
    },
    { script: 'lint', output: written, failures: [] },
  ]).split('\n');
  expect(text.slice(0, 4)).toEqual([
    'FAILED: test:unit > soup.test.ts > soup > is hot',
    '    Error: no soup',
    `    ${'x'.repeat(200)}`,
    '    more',
  ]);
  expect(text.slice(9, 13)).toEqual([
    'FAILED: test:unit',
    '    Error: thrown by nobody',
    'FAILED: lint, which ended with:',
    '    line 15',
  ]);
  expect(text.at(-1)).toBe('    line 39');
});
