/** Length of the longest end of `text` that one of `strings` begins with, without being all of it. */
export function lengthOfStart(text: string, strings: readonly string[]): number {
  const longest = Math.max(0, ...strings.map(({ length }) => length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(text.length - length);
    if (strings.some((one) => one.startsWith(end))) return length;
  }
  return 0;
}
