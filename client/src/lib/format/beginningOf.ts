/** Longer than any character that people write, such as a family of emoji. */
const longestCharacter = 64;

/** The first `most` code units of a text, or fewer: no character, such as an emoji, is cut in two. */
export function beginningOf(text: string, most: number): string {
  if (text.length <= most) return text;
  const read = text.slice(0, most + longestCharacter);
  const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return read.slice(0, characters.segment(read).containing(most)?.index ?? most);
}
