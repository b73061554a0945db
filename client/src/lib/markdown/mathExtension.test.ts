import { Marked } from 'marked';
import { expect, test } from 'vitest';
import { mathExtensions } from './mathExtension.ts';

const marked = new Marked({
  extensions: mathExtensions((latex, isBlock) => `<${isBlock ? 'block' : 'inline'}>${latex}</>`),
});
const render = (text: string): unknown => marked.parse(text);

test('formulas are found between dollars, and between brackets with backslashes', () => {
  expect(render('So $a^2$ and \\(b_1\\).')).toContain('So <inline>a^2</> and <inline>b_1</>.');
  expect(render('$$\n\\sum_i x_i\n$$')).toContain('<block>\\sum_i x_i</>');
  expect(render('\\[ x \\]')).toContain('<block>x</>');
});

test('two dollars within a line enclose a formula, too', () => {
  expect(render('So $$x^2$$ and $y$ end.')).toContain('So <inline>x^2</> and <inline>y</> end.');
  expect(render('- a: $$x$$, $$y$$')).toContain('a: <inline>x</>, <inline>y</>');
});

test('prices stay prices', () => {
  expect(render('One is $$ and one is $$$.')).toContain('One is $$ and one is $$$.');
  expect(render('It costs $5 today and $6 tomorrow.')).toContain('It costs $5 today and $6 tomorrow.');
});

test('code stays code', () => {
  expect(render('`$a$`')).toContain('<code>$a$</code>');
});
