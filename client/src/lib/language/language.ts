/** The language of the app: what the person chose in this browser, else the browser's own, else English. */

export const languages = ['en', 'de', 'zh'] as const;
export type Language = (typeof languages)[number];

const storageKey = 'potluck:language';
/** In the tab's own storage, while the page is loaded anew. */
const chosenKey = 'potluck:language-chosen';

/** Texts are made when modules load, so it stays as it is until the page is loaded anew. */
export const language: Language = readChoice() ?? languageOf(browserLanguages());

/** How numbers and dates are written: as in the browser's own kind of the language, such as `de-AT`. */
export const locale: string = localeOf(language, browserLanguages());

/** The first of the locales that somebody reads that belongs to the language, else the language itself. */
export function localeOf(chosen: Language, read: readonly string[]): string {
  return read.find((one) => belongsTo(chosen, one) && isLocale(one)) ?? chosen;
}

/** True for `de` and `de-AT`. */
function belongsTo(name: Language, read: string): boolean {
  return read.toLowerCase().split('-', 1)[0] === name;
}

/** Browsers of systems without a language of their own say `en-US@posix`, which `Intl` refuses. */
function isLocale(name: string): boolean {
  try {
    return Intl.getCanonicalLocales(name).length > 0;
  } catch {
    return false;
  }
}

/** The first language that the app speaks, of those that somebody reads, such as `de-AT`. */
export function languageOf(read: readonly string[]): Language {
  for (const one of read) {
    const known = languages.find((name) => belongsTo(name, one));
    if (known) return known;
  }
  return 'en';
}

/** Remembers the language, and loads the page in it. */
export function chooseLanguage(chosen: Language): void {
  try {
    localStorage.setItem(storageKey, chosen);
    sessionStorage.setItem(chosenKey, chosen);
  } catch {
    // Storage is forbidden here: the browser's language it is.
  }
  location.reload();
}

/** True once, where this page was loaded anew because the person had chosen the language. */
export function wasJustChosen(): boolean {
  try {
    const chosen = sessionStorage.getItem(chosenKey);
    sessionStorage.removeItem(chosenKey);
    return chosen !== null;
  } catch {
    return false;
  }
}

function readChoice(): Language | undefined {
  try {
    const kept = localStorage.getItem(storageKey);
    return languages.find((name) => name === kept);
  } catch {
    return undefined;
  }
}

function browserLanguages(): readonly string[] {
  return typeof navigator === 'undefined' ? [] : navigator.languages;
}
