/** What an answer is parted into. */
import type { ReadCall } from './readCalls.ts';

export type OutputPart = { type: 'text' | 'reasoning'; text: string } | ({ type: 'tool-call' } & ReadCall);

/** Appends to the last part where that is of the same kind: such parts that follow one another are one. */
export function addText(parts: OutputPart[], type: 'text' | 'reasoning', text: string): void {
  const last = parts.at(-1);
  if (last?.type === type) parts[parts.length - 1] = { type, text: last.text + text };
  else parts.push({ type, text });
}
