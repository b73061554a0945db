/** Hebrew, Arabic and their neighbours, as Unicode's blocks of them. */
const fromRight = /^[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/;
/** Whoever begins with more than so many signs that are no letters begins at the left. */
const mostRead = 1000;

/**
 * Where a text that people write begins: `rtl` at the right, undefined as the page does. By its first letter, as `dir="auto"`
 * does, which in a field takes Chromium a time that grows with the square of the text's length (30 s for a million characters).
 */
export function directionOf(text: string): 'rtl' | undefined {
  const [letter] = /\p{L}/u.exec(text.slice(0, mostRead)) ?? [];
  return letter !== undefined && fromRight.test(letter) ? 'rtl' : undefined;
}
