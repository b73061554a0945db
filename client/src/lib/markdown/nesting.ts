/** How deep the elements of a Markdown text would lie in each other. */

/**
 * Deeper than this, a text is shown as it is. People nest ten quotes at most. At some hundred, no room is left for words,
 * and marked 18 takes seconds (500 nested lists: 4 s), then all memory (2,500).
 */
export const deepestNesting = 50;

/** Marks at the beginning of a line that each open a quote or a list, and the spaces between them. */
const marks = /^(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))+/gm;
/** A list within a list is indented by at least this many spaces. */
const leastIndent = 2;

/** The largest number of quotes and lists that one line of `text` lies in. */
export function mostNesting(text: string): number {
  let most = 0;
  for (const [line] of text.matchAll(marks)) {
    const opened = line.match(/>|[-+*]|\d+[.)]/g)?.length ?? 0;
    const indent = /^[ \t]*/.exec(line)?.[0].replaceAll('\t', '    ').length ?? 0;
    most = Math.max(most, opened + Math.floor(indent / leastIndent));
  }
  return most;
}
