/** Objects of files that anybody may have written: nothing is known of their fields. */

export type Fields = Record<string, unknown>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No fields where the value is no such object. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
