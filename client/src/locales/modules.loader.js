/** Where modules find their texts, in the language of the page. */
import { textsOf } from './textsOf.ts';

export const { getRuntime, load } = textsOf(import.meta.glob('./.wuchale/modules.modules.*.compiled.js'));
export const getRuntimeRx = getRuntime;
