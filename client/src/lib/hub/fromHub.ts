/** Texts of the hub, in the language of the app where that knows them, else in English as they are. */
import { language } from '#lib/language/language.ts';

let translated = (text: string): string => text;

/** Reads the words of other languages, which nobody loads who reads English. Called before anything is shown. */
export async function loadHubWords(): Promise<void> {
  if (language === 'en') return;
  const words = await import('#lib/hub-words/translated.ts').catch(() => undefined);
  if (words) translated = words.translated;
}

/** @param text such as a reason, or the message of an error */
export function fromHub(text: string): string {
  return translated(text);
}
