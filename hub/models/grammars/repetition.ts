/** How much a pattern repeats: repetitions within one another multiply, and so does an engine's work. Pure. */

/** Most that repetitions within one another may come to: llguidance gave up in `(a{1,30}){1,30}b`, not in `(a{1,15}){1,15}b`. */
export const mostRepeats = 250;

/** @returns the product of the counts that stand within one another, where it is greatest; 1 where none does */
export function nestedRepeats(pattern: string): number {
  /** The greatest product in each group that is open. */
  const groups = [1];
  let last = 1;
  let worst = 1;
  let isInClass = false;
  for (let index = 0; index < pattern.length; index++) {
    const sign = pattern[index];
    if (sign === '\\') {
      index++;
      if (!isInClass) last = 1;
    } else if (isInClass) {
      isInClass = sign !== ']';
    } else if (sign === '[') {
      isInClass = true;
      last = 1;
    } else if (sign === '(') {
      groups.push(1);
    } else if (sign === ')') {
      last = (groups.length > 1 ? groups.pop() : groups[0]) ?? 1;
    } else {
      const counts = /^\{(\d+)(?:,(\d*))?\}/.exec(sign === '{' ? pattern.slice(index, index + 40) : '');
      if (counts) {
        const [all, least, most] = counts;
        const count = Math.max(1, Number(least), Number(most ?? 0));
        if (last > 1 && count > 1) worst = Math.max(worst, last * count);
        last *= count;
        index += all.length - 1;
      } else if (sign !== '*' && sign !== '+' && sign !== '?') last = 1;
    }
    const top = groups.length - 1;
    groups[top] = Math.max(groups[top] ?? 1, last);
  }
  return worst;
}

/**
 * @returns the path of the first pattern in a schema that repeats too much; undefined where there is none
 */
export function repeatsTooMuch(schema: unknown): (string | number)[] | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  for (const [name, value] of Object.entries(schema)) {
    const key = Array.isArray(schema) ? Number(name) : name;
    if (name === 'pattern' && typeof value === 'string') {
      if (nestedRepeats(value) > mostRepeats) return [key];
    } else if (name !== 'enum' && name !== 'const' && name !== 'default' && name !== 'examples') {
      const inner = repeatsTooMuch(value);
      if (inner) return [key, ...inner];
    }
  }
  return undefined;
}
