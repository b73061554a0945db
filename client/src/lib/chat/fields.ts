/** Objects of files that anybody may have written: nothing is known of their fields. */
import { beginningOf } from '#lib/format/beginningOf.ts';

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No fields where the value is no such object. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/** The beginning of a text, `most` characters at most; null where the value is none. */
export function textOf(value: unknown, most: number): string | null {
  return typeof value === 'string' ? beginningOf(value, most) : null;
}
