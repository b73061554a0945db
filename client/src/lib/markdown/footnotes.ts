import type { TokenizerAndRendererExtension, Tokens } from 'marked';

const reference = /^\[\^([^\]\s^]{1,50})\](?!:)/;
const definition = /^\[\^([^\]\s^]{1,50})\]:[ \t]*([^\n]+(?:\n(?: {2,}|\t)[^\n]+)*)(?:\n+|$)/;

/**
 * `[^1]` in a text, and `[^1]: what it says` on a line of its own. A reference without its note stays as it is written.
 * @param noteOf what the note with that name says; undefined where there is none
 * @param escape makes HTML of a text
 */
export function footnoteExtensions(
  noteOf: (name: string) => string | undefined,
  escape: (text: string) => string,
): TokenizerAndRendererExtension[] {
  return [
    {
      name: 'footnote',
      level: 'block',
      start: (source) => /(?<=\n)\[\^/.exec(source)?.index,
      tokenizer(source): Tokens.Generic | undefined {
        const [raw, name, text] = definition.exec(source) ?? [];
        if (raw === undefined || name === undefined || text === undefined) return undefined;
        const tokens = this.lexer.inlineTokens(text.replaceAll(/\n\s+/g, ' '));
        return { type: 'footnote', raw, name, text, tokens };
      },
      renderer(token) {
        const said = this.parser.parseInline(token.tokens ?? []);
        return `<p class="footnote"><sup>${escape(String(token['name']))}</sup> ${said}</p>`;
      },
    },
    {
      name: 'footnote-reference',
      level: 'inline',
      start: (source) => source.indexOf('[^'),
      tokenizer(source): Tokens.Generic | undefined {
        const [raw, name] = reference.exec(source) ?? [];
        return raw === undefined ? undefined : { type: 'footnote-reference', raw, name };
      },
      renderer({ raw, name }) {
        const note = noteOf(String(name));
        if (note === undefined) return escape(raw);
        return `<sup class="footnote-reference" title="${escape(note)}">${escape(String(name))}</sup>`;
      },
    },
  ];
}
