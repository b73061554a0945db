/** How much structure a JSON text has, found in one pass over its characters: parsing many small values costs far more. */

export interface JsonLimits {
  /** Most values and names together. */
  maxValues: number;
  /** Most arrays and objects within one another. */
  maxDepth: number;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;

/** @returns which limit the text exceeds; a text that is no JSON may exceed none */
export function exceededLimit(
  text: string,
  { maxValues, maxDepth }: JsonLimits,
): keyof JsonLimits | undefined {
  let values = 1;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (isInString) {
      if (code === backslash) index++;
      else if (code === quote) isInString = false;
    } else if (code === quote) {
      isInString = true;
    } else if (code === comma || code === colon) {
      if (++values > maxValues) return 'maxValues';
    } else if (isOpening(code)) {
      if (++values > maxValues) return 'maxValues';
      if (++depth > maxDepth) return 'maxDepth';
    } else if (isClosing(code)) {
      depth--;
    }
  }
  return undefined;
}

/** `[` or `{`: they differ in one bit. */
function isOpening(code: number): boolean {
  return (code | 0x20) === 0x7b;
}

/** `]` or `}`. */
function isClosing(code: number): boolean {
  return (code | 0x20) === 0x7d;
}
