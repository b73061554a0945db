/** Where components find their texts, in the language of the page. */
import { textsOf } from './textsOf.ts';

export const { getRuntime, load } = textsOf(import.meta.glob('./.wuchale/main.main.*.compiled.js'));
export const getRuntimeRx = getRuntime;
