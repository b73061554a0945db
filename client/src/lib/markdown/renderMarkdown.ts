/** Markdown that a model wrote, as HTML that is safe to show. */
import DOMPurify from 'dompurify';
import { Marked, type Token, type Tokens, type TokensList } from 'marked';
import remend from 'remend';
import { extras } from './extras.svelte.ts';
import { deepestNesting, mostNesting } from './nesting.ts';
import { footnoteExtensions } from './footnotes.ts';
import { mathExtensions } from './mathExtension.ts';

const copyLatex = 'Copy LaTeX';
const copy = 'Copy';
const noLanguage = /* @wc-include */ 'text';

/** A paragraph, list, table … */
export interface MarkdownBlock {
  raw: string;
  html: string;
  /** What its HTML depends on beside `raw`. */
  around: string;
}

/** What the footnotes of the text say, by their names. */
let footnotes = new Map<string, string>();

/** What formulas became; their places in the sanitised HTML are filled afterwards. */
let formulas: string[] = [];

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [
    ...footnoteExtensions((name) => footnotes.get(name), escape),
    ...mathExtensions((latex, isBlock) => {
      if (!extras.renderMath) return `<code>${escape(latex)}</code>`;
      // KaTeX makes its own safe HTML (`trust` is off), which the sanitiser would take apart.
      const formula = extras.renderMath(latex, { displayMode: isBlock, throwOnError: false });
      formulas.push(withCopy(formula, latex, isBlock ? 'formula' : 'in-line'));
      return `<span data-formula="${formulas.length - 1}"></span>`;
    }),
  ],
  renderer: {
    code({ text, lang = '' }) {
      const language = lang.split(/\s/, 1)[0] ?? '';
      const { highlighter } = extras;
      const code = highlighter?.getLanguage(language)
        ? highlighter.highlight(text, { language }).value
        : escape(text);
      return (
        `<div class="code"><div class="code-head"><span>${escape(language || noLanguage)}</span>` +
        `<button type="button" data-copy="code">${copy}</button></div>` +
        `<pre tabindex="0"><code>${code}</code></pre></div>`
      );
    },
    // Tags are shown as they were written, except the one that tables need.
    html: ({ text }) => (/^<br *\/?>$/i.test(text.trim()) ? '<br>' : escape(text)),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    // A picture from elsewhere would tell elsewhere that it was looked at.
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text || href)}</a>`,
    table(token) {
      const header = token.header.map((cell) => this.tablecell(cell)).join('');
      const rows = token.rows.map((row) => `<tr>${row.map((cell) => this.tablecell(cell)).join('')}</tr>`);
      return `<div class="table" tabindex="0"><table><thead><tr>${header}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
    },
  },
});

const sanitiser = DOMPurify();
sanitiser.addHook('afterSanitizeAttributes', (node) => {
  setDirection(node);
  // What leads nowhere is no link.
  if (node.tagName !== 'A' || !node.hasAttribute('href')) return;
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer');
});

/** Each block begins where its own language does: Arabic at the right. Code begins at the left everywhere. */
function setDirection(node: Element): void {
  if (node.tagName === 'CODE' || node.classList.contains('code')) node.setAttribute('dir', 'ltr');
  else if (node.parentElement?.tagName === 'BODY' && !node.hasAttribute('data-formula')) {
    node.setAttribute('dir', 'auto');
  }
}

/**
 * Renders Markdown in blocks, so that a text that grows changes only its last one. What can't be rendered, such as
 * thousands of nested quotes, is shown as plain text.
 * @param isOpen true while more is to come: unfinished marks are closed
 * @param former what was returned before: blocks that did not change are taken from there
 */
export function renderMarkdown(
  text: string,
  isOpen: boolean,
  former: readonly MarkdownBlock[] = [],
): MarkdownBlock[] {
  if (mostNesting(text) > deepestNesting) return [plain(text)];
  try {
    const tokens = marked.lexer(isOpen ? remend(text) : text);
    footnotes = new Map(
      (tokens as Tokens.Generic[])
        .filter(({ type }) => type === 'footnote')
        .map((token) => [String(token['name']), String(token['text'])]),
    );
    const around = JSON.stringify([extras.hereFor(text), tokens.links, [...footnotes]]);
    return tokens
      .filter(({ type }) => type !== 'space')
      .map((token, index) => {
        const before = former[index];
        const isSame = before?.raw === token.raw && before.around === around;
        return isSame ? before : renderBlock(token, tokens.links, around);
      });
  } catch {
    return [plain(text)];
  }
}

function renderBlock(token: Token, links: TokensList['links'], around: string): MarkdownBlock {
  formulas = [];
  try {
    const html = marked.parser(Object.assign([token], { links }));
    const safe = sanitiser.sanitize(html, {
      ADD_ATTR: ['target', 'data-formula', 'data-copy'],
      FORBID_TAGS: ['style', 'form', 'input', 'textarea', 'select', 'iframe'],
    });
    const filled = safe.replaceAll(
      /<span data-formula="(\d+)"><\/span>/g,
      (_match, index: string) => formulas[Number(index)] ?? '',
    );
    return { raw: token.raw, html: filled, around };
  } catch {
    return plain(token.raw);
  }
}

/**
 * A formula that a click copies as it is written, and a button for keys and fingers. In a line the button would take the
 * room of words: it is seen where the Tab key leads to it.
 */
function withCopy(formula: string, latex: string, look: 'formula' | 'in-line'): string {
  const [written, title] = [escape(latex), escape(copyLatex)];
  const button = `<button type="button" data-copy="${written}">${title}</button>`;
  const direction = look === 'in-line' ? ' dir="ltr"' : '';
  return `<span class="${look}"${direction} data-latex="${written}" title="${title}">${formula}${button}</span>`;
}

function plain(text: string): MarkdownBlock {
  return { raw: text, html: `<p class="plain" dir="auto">${escape(text)}</p>`, around: '' };
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
