/** Texts of the hub, in the language of the app where that knows them, else in English as they are. */
let translated = (text: string): string => text;

/** Reads which texts the hub has, which nobody loads who reads English. */
export async function loadHubWords(): Promise<void> {
  const words = await import('#lib/hub-words/translated.ts').catch(() => undefined);
  if (words) translated = words.translated;
}

/** @param text such as a reason, or the message of an error */
export function fromHub(text: string): string {
  return translated(text);
}
