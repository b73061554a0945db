/** How texts come to the page: of its language alone, before anything is shown. */
import toRuntime, { type CatalogModule, type Runtime } from 'wuchale/runtime';
import { language } from '../lib/language/language.ts';

export interface Texts {
  /** What components and modules ask for their texts, which are there once `load` has resolved. */
  getRuntime: () => Runtime;
  load: () => Promise<void>;
}

/** @param catalogues what reads each, by the files that wuchale makes: `./.wuchale/main.main.de.compiled.js` */
export function textsOf(catalogues: Readonly<Record<string, () => Promise<unknown>>>): Texts {
  // Modules that are loaded before their texts keep the runtime, and ask it later.
  const texts: CatalogModule = { c: [] };
  const runtime = toRuntime(texts, language);
  return {
    getRuntime: () => runtime,
    load: async () => {
      const [, read] =
        Object.entries(catalogues).find(([file]) => file.endsWith(`.${language}.compiled.js`)) ?? [];
      Object.assign(texts, await read?.());
    },
  };
}
