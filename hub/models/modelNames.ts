/** Which id a model gets: that of an earlier import of the same source, else one that is free. */
import { ModelId } from '@potluck/protocol';
import { builtInModelId } from './builtInModel.ts';

/** A name that is wanted, and the graph that was chosen, if one was. */
export interface WantedName {
  name: string;
  variant?: string;
  /** Tells sources apart whose names are the same. */
  origin: string;
}

/** An id that is in use. */
export interface TakenName {
  id: string;
  /** Undefined where nobody knows it: then it is somebody else's. */
  origin: string | undefined;
}

/** Of the built-in model, whose id nobody else may have. */
export const builtInOrigin = 'built-in';

/**
 * Two sources of one name do not replace each other: the second is called `name-2`. Ids that differ only in case are
 * one, since some file systems keep one of them.
 */
export function chooseModelId({ name, variant, origin }: WantedName, taken: readonly TakenName[]): ModelId {
  const inUse = new Map(taken.map((one) => [one.id.toLowerCase(), one.origin]));
  inUse.set(builtInModelId.toLowerCase(), builtInOrigin);
  for (let number = 1; ; number++) {
    const numbered = number === 1 ? name : `${name}-${number}`;
    const id = variant === undefined ? numbered : `${numbered}:${variant}`;
    const key = id.toLowerCase();
    if (!inUse.has(key) || inUse.get(key) === origin) return ModelId.parse(id);
  }
}

/** The part of a text that can be in a model's id; accents are left out. */
export function asNamePart(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9_]+/, '');
}
