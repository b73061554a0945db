/** Code colours and formulas: large, so they are loaded when the first text needs them. */
import type { HLJSApi } from 'highlight.js';
import type { KatexOptions } from 'katex';

type RenderMath = (latex: string, options: KatexOptions) => string;
type Extra = 'code' | 'math';

/** How texts look that need them. */
const needed: Record<Extra, RegExp> = { code: /```|~~~/, math: /\$[^$]+\$|\\\(|\\\[/ };

class Extras {
  /** Undefined until loaded. */
  highlighter = $state.raw<HLJSApi>();
  renderMath = $state.raw<RenderMath>();
  /** True while something of this is on its way. */
  isLoading = $state(false);
  #loading = 0;
  #asked = new Set<Extra>();

  /** Begins to load what `text` needs. */
  loadFor(text: string): void {
    if (needed.code.test(text)) void this.#once('code', () => this.#loadHighlighter());
    if (needed.math.test(text)) void this.#once('math', () => this.#loadKatex());
  }

  /** What is here of what `text` needs. Who derives from this derives again when more is here, unless the text needs no more. */
  hereFor(text: string): Extra[] {
    return [
      ...(needed.code.test(text) && this.highlighter !== undefined ? (['code'] as const) : []),
      ...(needed.math.test(text) && this.renderMath !== undefined ? (['math'] as const) : []),
    ];
  }

  async #once(what: Extra, load: () => Promise<void>): Promise<void> {
    if (this.#asked.has(what)) return;
    this.#asked.add(what);
    this.#loading += 1;
    this.isLoading = true;
    try {
      await load();
    } catch {
      // Text without colours is still text; the next one tries again.
      this.#asked.delete(what);
    } finally {
      this.#loading -= 1;
      this.isLoading = this.#loading > 0;
    }
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
