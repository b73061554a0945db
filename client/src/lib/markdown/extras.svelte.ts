/** Code colours and formulas: large, so they are loaded when the first text needs them. */
import type { HLJSApi } from 'highlight.js';
import type { KatexOptions } from 'katex';

type RenderMath = (latex: string, options: KatexOptions) => string;

class Extras {
  /** Undefined until loaded. */
  highlighter = $state.raw<HLJSApi>();
  renderMath = $state.raw<RenderMath>();
  #asked = new Set<'code' | 'math'>();

  /** Begins to load what `text` needs. */
  loadFor(text: string): void {
    if (/^ {0,3}(```|~~~)/m.test(text)) this.#once('code', () => this.#loadHighlighter());
    if (/\$[^$]+\$|\\\(|\\\[/.test(text)) this.#once('math', () => this.#loadKatex());
  }

  #once(what: 'code' | 'math', load: () => Promise<void>): void {
    if (this.#asked.has(what)) return;
    this.#asked.add(what);
    // Text without colours is still text; the next one tries again.
    load().catch(() => this.#asked.delete(what));
  }

  async #loadHighlighter(): Promise<void> {
    this.highlighter = (await import('highlight.js/lib/common')).default;
  }

  async #loadKatex(): Promise<void> {
    const [{ default: katex }] = await Promise.all([import('katex'), import('katex/dist/katex.min.css')]);
    this.renderMath = (latex, options) => katex.renderToString(latex, options);
  }
}

export const extras = new Extras();
