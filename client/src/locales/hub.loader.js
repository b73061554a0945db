/** Where the words of the hub are found, in the language of the page. */
import { textsOf } from './textsOf.ts';

export const { getRuntime, load } = textsOf(import.meta.glob('./.wuchale/hub.hub.*.compiled.js'));
export const getRuntimeRx = getRuntime;
