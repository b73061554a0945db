import { language } from '#lib/language/language.ts';

const lists = new Intl.ListFormat(language);

/** Names for people, in the language of the app: `laptop, garage, and attic`. */
export function formatList(names: readonly string[]): string {
  return lists.format(names);
}
