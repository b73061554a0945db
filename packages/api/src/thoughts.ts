/** How an answer with thoughts is kept as one text: the thoughts stand first, between two marks. */

const open = '<think>';
const close = '</think>';

/** An answer in two parts. */
export interface ThoughtfulText {
  thoughts: string;
  text: string;
  /** True while the thoughts have no end yet. */
  isThinking: boolean;
}

/** @returns the text alone where there are no thoughts */
export function withThoughts(thoughts: string, text: string): string {
  if (thoughts === '') return text;
  return text === '' ? `${open}${thoughts}` : `${open}${thoughts}${close}${text}`;
}

/** Takes apart what `withThoughts` made, and what models write that mark their thoughts in the same way. */
export function partThoughts(content: string): ThoughtfulText {
  const start = content.trimStart();
  if (!start.startsWith(open)) return { thoughts: '', text: content, isThinking: false };
  const end = start.indexOf(close);
  if (end < 0) return { thoughts: start.slice(open.length).trim(), text: '', isThinking: true };
  return {
    thoughts: start.slice(open.length, end).trim(),
    text: start.slice(end + close.length).trimStart(),
    isThinking: false,
  };
}
