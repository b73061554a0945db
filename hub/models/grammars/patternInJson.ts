/** Regular expressions for a text, as expressions for the same text between the quotes of a JSON string. Pure. */

/** Characters that JSON writes otherwise than they are; other control characters are left out. */
const escapedInJson = ['"', '\\', '\b', '\f', '\n', '\r', '\t'];
/** All that do not stand for themselves, within brackets. */
const escaped = '"\\\\\\x00-\\x1f';
const controls: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f', b: '\b', v: '\v', 0: '\0' };

/** Thrown where an expression has what can't be written inside JSON; the message says what. */
export class PatternInJsonError extends Error {
  override readonly name = 'PatternInJsonError';
}

/**
 * @param flags of the expression; `i` and `s` change what it means
 * @throws PatternInJsonError
 */
export function patternInJson(pattern: string, flags = ''): string {
  let written = '';
  for (let at = 0; at < pattern.length;) {
    const [length, text] = partInJson(pattern, at, flags);
    written += text;
    at += length;
  }
  return written;
}

/** A text as a JSON string has it between its quotes. */
export function textInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Classes that were written last: the same ones come again and again. */
const known = new Map<string, string>();
const mostKnown = 64;

type Part = [length: number, text: string];

function partInJson(pattern: string, at: number, flags: string): Part {
  const sign = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  switch (sign) {
    case '\\':
      return escapeInJson(pattern.slice(at, at + 12), flags);
    case '.':
      return [1, classInJson(flags.includes('s') ? '[\\s\\S]' : '[^\\n]', flags)];
    case '[': {
      const length = classLength(pattern.slice(at));
      return [length, classInJson(pattern.slice(at, at + length), flags)];
    }
    case '(':
      if (/^\((\?<?[=!])/.test(pattern.slice(at, at + 4))) throw unsupported('looking ahead or back');
      return groupStart(pattern.slice(at, at + 100));
    case '^':
    case '$':
      if (at === (sign === '^' ? 0 : pattern.length - 1)) return [1, ''];
      throw unsupported(`'${sign}' in the middle`);
    case '{':
      return [1, '{'];
    default:
      return [sign.length, /[)|*+?}]/.test(sign) ? sign : literalInJson(sign)];
  }
}

/** Names of groups are no text. */
function groupStart(text: string): Part {
  const [start = '('] = /^\((\?(:|P?<\w+>|[a-z-]+[:)]))?/.exec(text) ?? [];
  return [start.length, start.startsWith('(?') && !start.includes('<') ? start : '('];
}

function escapeInJson(text: string, flags: string): Part {
  const [, hex, braced] = /^\\[xu](?:([0-9a-fA-F]{2,4})|\{([0-9a-fA-F]+)\})/.exec(text) ?? [];
  const digits = braced ?? hex?.slice(0, text[1] === 'x' ? 2 : 4);
  if (digits !== undefined) {
    const code = Number.parseInt(digits, 16);
    if (code > 0x10ffff) throw unsupported('a character that is none');
    return [2 + digits.length + (braced === undefined ? 0 : 2), literalInJson(String.fromCodePoint(code))];
  }
  const [property] = /^\\[pP](\{\w+\}|\w)/.exec(text) ?? [];
  if (property !== undefined) return [property.length, classInJson(property, flags)];
  const sign = String.fromCodePoint(text.codePointAt(1) ?? 0);
  if (sign === 'd' || sign === 'w') return [2, `\\${sign}`];
  if (/[DWSs]/.test(sign)) return [2, classInJson(`\\${sign}`, flags)];
  if (/[bBAzZ1-9]/.test(sign)) throw unsupported(`'\\${sign}'`);
  return [1 + sign.length, literalInJson(controls[sign] ?? sign)];
}

function literalInJson(sign: string): string {
  const text = textInJson(sign);
  const quoted = text.replace(/[\\^$.*+?()[\]{}|/#&~-]/g, '\\$&');
  return text.length > sign.length ? `(?:${quoted})` : quoted;
}

/** From `[` to its `]`. */
function classLength(text: string): number {
  for (let at = text[1] === '^' ? 2 : 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '[') throw unsupported("'[' within brackets");
    else if (text[at] === ']' && at > (text[1] === '^' ? 2 : 1)) return at + 1;
  }
  throw new PatternInJsonError("'[' has no ']'");
}

/** @param source of a class of characters, in its brackets or as an escape */
function classInJson(source: string, flags: string): string {
  const key = `${flags} ${source}`;
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const written = newClass(source, flags);
  if (known.size >= mostKnown) known.clear();
  known.set(key, written);
  return written;
}

function newClass(source: string, flags: string): string {
  const has = membership(source, flags.includes('i') ? 'i' : '');
  const special = escapedInJson.filter(has).map(literalInJson);
  const isPlain = Array.from({ length: 0x5f }, (_, code) => String.fromCharCode(0x20 + code))
    .concat('é', '日')
    .some((sign) => sign !== '"' && sign !== '\\' && has(sign));
  const branches = [...(isPlain ? [withoutEscaped(source, has)] : []), ...special];
  if (branches.length === 1) return branches[0] ?? '';
  if (branches.length === 0) throw unsupported(`'${source}'`);
  return `(?:${branches.join('|')})`;
}

/** A class without the characters that JSON writes otherwise. */
function withoutEscaped(source: string, has: (sign: string) => boolean): string {
  const low = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code));
  if (![...low, '"', '\\'].some(has)) return source;
  if (source.startsWith('[^')) return `${source.slice(0, -1)}${escaped}]`;
  if (/^\\[SWD]$/.test(source)) return `[^${source.toLowerCase()}${escaped}]`;
  return `[${source}&&[^${escaped}]]`;
}

function membership(source: string, flags: string): (sign: string) => boolean {
  for (const unicode of ['u', '']) {
    try {
      const expression = new RegExp(`^(?:${source})$`, flags + unicode);
      return (sign) => expression.test(sign);
    } catch {
      // Without it, signs may be escaped that need no escape.
    }
  }
  throw new PatternInJsonError(`'${source}' is not understood`);
}

function unsupported(what: string): PatternInJsonError {
  return new PatternInJsonError(`a tool's input can't be held to ${what}`);
}
