/** Other names of a model, as a person writes them. */
import { fail } from '#lib/hub/fail.ts';

/** As `AliasName` of the API has it. */
const allowed = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/;

/**
 * Reads names that are separated by commas.
 * @throws Error naming the first that can't be a name, and saying what a name may hold
 */
export function readOtherNames(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const wrong = names.find((name) => !allowed.test(name));
  if (wrong !== undefined) {
    fail(
      `The name “${wrong}” can’t be used. A name begins with a letter from A to Z or a digit. It may hold letters, digits, dots, dashes, colons, slashes and underscores, 100 characters at most.`,
    );
  }
  return names;
}
