/** Where components and modules find their texts, in the language of the page. */
import toRuntime from 'wuchale/runtime';
import { language } from '../lib/language/language.ts';

/** @param {{ [locale: string]: import('wuchale/runtime').CatalogModule }} catalogs */
export const getRuntime = (catalogs) => toRuntime(catalogs[language], language);
export const getRuntimeRx = getRuntime;
