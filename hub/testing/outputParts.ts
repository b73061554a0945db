/** What readers of answers give out, however the answers come. */
import { addText, type OutputPart } from '../generation/output/outputPart.ts';

export const call = (name: string, args: object): OutputPart => ({
  type: 'tool-call',
  name,
  arguments: JSON.stringify(args),
});
export const text = (value: string): OutputPart => ({ type: 'text', text: value });
export const thought = (value: string): OutputPart => ({ type: 'reasoning', text: value });

/** An answer whole, letter by letter, and in two pieces cut at every point. */
export function splits(answer: string): string[][] {
  const cuts = Array.from({ length: Math.max(0, answer.length - 1) }, (_, index) => index + 1);
  return [[answer], [...answer], ...cuts.map((cut) => [answer.slice(0, cut), answer.slice(cut)])];
}

/** All that a reader gives out; texts of one kind that follow one another are one. */
export function readPieces(
  reader: { add(text: string): OutputPart[]; finish(): OutputPart[] },
  pieces: readonly string[],
): OutputPart[] {
  const whole: OutputPart[] = [];
  for (const part of [...pieces.flatMap((piece) => reader.add(piece)), ...reader.finish()]) {
    if (part.type === 'tool-call') whole.push(part);
    else addText(whole, part.type, part.text);
  }
  return whole;
}
