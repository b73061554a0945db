/** Order of texts by their code units, the same everywhere. */
export function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
