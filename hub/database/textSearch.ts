/** Looks for a text in texts, in time that grows with their length, whatever the case of letters in any script is. */

/** A row of a search's statement: its id, and the texts to look through. */
export type SearchedRow = readonly [rowid: number, ...texts: (string | null)[]];

/** What a search found in one row. */
export interface Match {
  rowid: number;
  /** The found place with some of the text around. */
  excerpt: string;
}

export interface SearchStep {
  matches: Match[];
  /** How many characters were looked through. */
  characters: number;
}

/** Characters around what a search found. */
const excerptCharacters = 120;
/** Small letters that other small letters share their capital with, such as the sigma at a word's end. */
const variants = /[µſςϐϑϕϖϰϱϵẛι]/g;

/** Where `text` begins in `content`, in whatever case its letters are; undefined where it is not there. */
export function placeOf(content: string, text: string): number | undefined {
  const place = folded(content).indexOf(folded(text.normalize()));
  return place < 0 ? undefined : place;
}

/** Looks through rows for a text. */
export function matchesIn(rows: readonly SearchedRow[], text: string): SearchStep {
  const step: SearchStep = { matches: [], characters: 0 };
  for (const [rowid, ...contents] of rows) {
    for (const content of contents) {
      if (content === null) continue;
      step.characters += content.length;
      const place = placeOf(content, text);
      if (place === undefined) continue;
      step.matches.push({ rowid, excerpt: excerptOf(content, place, text.length) });
      break;
    }
  }
  return step;
}

/** The text in one case, as long as it was. */
function folded(text: string): string {
  // İ is the one letter that becomes longer in lower case; it stands for itself.
  const lower = text
    .split('İ')
    .map((part) => part.toLowerCase())
    .join('İ');
  return lower.replaceAll(variants, (letter) => letter.toUpperCase().toLowerCase());
}

function excerptOf(content: string, place: number, length: number): string {
  const start = Math.max(0, place - excerptCharacters / 2);
  const end = start + excerptCharacters + length;
  return `${start > 0 ? '…' : ''}${content.slice(start, end)}${end < content.length ? '…' : ''}`;
}
