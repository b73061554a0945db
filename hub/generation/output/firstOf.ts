/** A mark that stands in a text. */
export interface FoundMark {
  index: number;
  mark: string;
}

/** The earliest mark; of those that begin there, the longest. */
export function firstOf(text: string, marks: readonly string[]): FoundMark | undefined {
  let first: FoundMark | undefined;
  for (const mark of marks) {
    const index = text.indexOf(mark);
    if (index < 0) continue;
    if (!first || index < first.index || (index === first.index && mark.length > first.mark.length)) {
      first = { index, mark };
    }
  }
  return first;
}
