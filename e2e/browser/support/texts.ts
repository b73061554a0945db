/** The app's texts in another language, so that a test presses what a person there would press. */
import { readCatalogue } from '../../../client/src/locales/readCatalogue.ts';

/** Says a text of the code in the language; values come in the place of `{0}`, `{1}` and so on. */
export type Texts = (english: string, ...values: string[]) => string;

/** A catalogue has `<0/>` where a text holds an element, such as an icon. */
const withoutElements = (text: string): string => text.replaceAll(/<\/?\d+\/?>/g, '').trim();

/** @throws Error where the app does not say such a text, or not in that language */
export function textsIn(language: string): Texts {
  const translations = new Map(
    readCatalogue(language).map(({ text, translation }) => [
      withoutElements(text),
      withoutElements(translation),
    ]),
  );
  return (english, ...values) => {
    const text = translations.get(english);
    if (!text) throw new Error(`the app has no “${english}” in ${language}`);
    return text.replaceAll(/\{(\d)\}/g, (gap, index: string) => values[Number(index)] ?? gap);
  };
}
