import { formatNumber } from './formatNumber.ts';

/**
 * How many there are of something, in the form that the language has for that number.
 * @param forms for one and for more; `#` stands for the number. The catalogue has those of other languages.
 * @param formOf which of them a number takes
 */
export function counted(
  count: number,
  forms: readonly string[],
  formOf: (count: number) => number = (one) => (one === 1 ? 0 : 1),
): string {
  const form = forms[formOf(count)] ?? forms.at(-1) ?? '';
  return form.replace('#', formatNumber(count));
}
