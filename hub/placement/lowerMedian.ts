/** @returns the middle one of some numbers, of two in the middle the lower one; undefined where there are none */
export function lowerMedian(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((one, other) => one - other)[Math.floor((numbers.length - 1) / 2)];
}
