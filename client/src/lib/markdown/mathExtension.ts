import type { TokenizerAndRendererExtension, Tokens } from 'marked';

/** `$…$` and `$$…$$` do not begin or end with a space, nor end before a digit: prices stay prices. */
const inlineMath =
  /^(?:\$\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<!\s)\$\$(?![\d$])|\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)|\\\((.+?)\\\))/;
const blockMath = /^(?:\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\])(?:\n|$)?/;

/**
 * Finds LaTeX between `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.
 * @param render turns LaTeX into HTML
 */
export function mathExtensions(
  render: (latex: string, isBlock: boolean) => string,
): TokenizerAndRendererExtension[] {
  return (['block', 'inline'] as const).map((level) => ({
    name: `${level}-math`,
    level,
    // A block begins a line: anywhere else it would end the paragraph that it stands in.
    start: (source) => (level === 'block' ? /(?<=\n)(\$\$|\\\[)/ : /\$|\\\(/).exec(source)?.index,
    tokenizer(source): Tokens.Generic | undefined {
      const match = (level === 'block' ? blockMath : inlineMath).exec(source);
      const latex = match?.slice(1).find((group) => group !== undefined);
      return match && latex !== undefined
        ? { type: `${level}-math`, raw: match[0], latex: latex.trim() }
        : undefined;
    },
    renderer: (token) => render(String(token['latex']), level === 'block'),
  }));
}
