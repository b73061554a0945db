import { Marked, type Token } from 'marked';
import { expect, test } from 'vitest';
import { footnoteExtensions } from './footnotes.ts';

let notes: Record<string, string> = {};
const marked = new Marked({
  extensions: footnoteExtensions(
    (name) => notes[name],
    (text) => text.replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  ),
});
function render(text: string): string {
  const tokens = marked.lexer(text);
  notes = Object.fromEntries(
    tokens
      .filter((token: Token) => token.type === 'footnote')
      .map((token) => [
        String((token as { name?: unknown }).name),
        String((token as { text?: unknown }).text),
      ]),
  );
  return marked.parser(tokens);
}

test('a footnote is marked where it belongs, and said at its place', () => {
  const html = render('Bread[^1] and soup[^b].\n\n[^1]: Of **rye**.\n[^b]: Word');
  expect(html).toContain('Bread<sup class="footnote-reference" title="Of **rye**.">1</sup>');
  expect(html).toContain('<p class="footnote"><sup>1</sup> Of <strong>rye</strong>.</p>');
  expect(html).toContain('<p class="footnote"><sup>b</sup> Word</p>');
});

test('what has no note, and what is code, stays as it is written', () => {
  expect(render('Bread[^1].')).toContain('Bread[^1].');
  expect(render('`[^1]`\n\n[^1]: a')).toContain('<code>[^1]</code>');
});

test('markup in names and notes is text', () => {
  const html = render('a[^<b>]\n\n[^<b>]: "x" <i onclick=y>');
  expect(html).toContain('title="&quot;x&quot; &lt;i onclick=y>">&lt;b></sup>');
});
