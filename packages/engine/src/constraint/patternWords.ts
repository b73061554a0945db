/** Short texts that the patterns of a grammar match: first guesses of a search, which tries each of them. Pure. */

/** Patterns that are read of one grammar. */
const mostPatterns = 64;
const mostDepth = 64;
/** Longest word. */
const mostSigns = 1024;

/** @returns a word for each pattern that is understood, as it stands in the answer */
export function patternWords({ kind, text }: { kind: string; text: string }): string[] {
  if (kind === 'regex') return plain([text]).filter((word) => word !== '');
  const inJson = Array.from(text.matchAll(/"pattern":\s*("(?:[^"\\]|\\.)*")/g), ([, json]) => {
    try {
      return JSON.parse(json ?? '""') as string;
    } catch {
      return '';
    }
  });
  const inLark =
    kind === 'lark'
      ? Array.from(text.matchAll(/:[^\n]*?\/((?:[^/\\\n]|\\.)+)\//g), ([, one]) => one ?? '')
      : [];
  const words = [
    ...plain(inJson).map((word) => JSON.stringify(word).slice(1, -1)),
    ...plain(inLark.map((one) => one.replaceAll('\\/', '/'))),
  ];
  return [...new Set(words)].filter((word) => word !== '');
}

function plain(patterns: readonly string[]): string[] {
  return patterns.slice(0, mostPatterns).flatMap((pattern) => shortestMatch(pattern) ?? []);
}

/** @returns the shortest text that a pattern matches; undefined where it is not understood */
export function shortestMatch(pattern: string): string | undefined {
  try {
    const reader = new Reader(pattern);
    const word = reader.choice(0);
    return reader.isDone ? word : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** What a class that takes much is stood for by. */
const samples = [...'a0A.-_ @/:,xé'];

/** Reads a pattern, and keeps the shortest text only. Throws RangeError where it can't go on. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isDone(): boolean {
    return this.#at >= this.#text.length;
  }

  choice(depth: number): string {
    if (depth > mostDepth) throw new RangeError('too deep');
    let best = this.#sequence(depth);
    while (this.#take(/\|/y)) {
      const other = this.#sequence(depth);
      if (other.length < best.length) best = other;
    }
    return best;
  }

  #sequence(depth: number): string {
    let word = '';
    while (!this.isDone && !/[|)]/.test(this.#text[this.#at] ?? '')) {
      const item = this.#item(depth);
      const repeat = this.#take(/[*+?]\??|\{(\d+)(?:,\d*)?\}\??/y);
      const least = repeat === undefined || repeat[0].startsWith('+') ? 1 : Number(repeat[1] ?? 0);
      if (word.length + item.length * least > mostSigns) throw new RangeError('too long');
      word += item.repeat(least);
    }
    return word;
  }

  #item(depth: number): string {
    if (this.#take(/\^|\$|\\b|\\[AzZ]/y)) return '';
    if (this.#take(/\((?:\?:|\?P?<\w+>|\?[a-z]*:)?(?!\?)/y)) {
      const inner = this.choice(depth + 1);
      if (!this.#take(/\)/y)) throw new RangeError('no end');
      return inner;
    }
    const one = this.#take(
      /\[\^?\]?(?:[^\]\\]|\\.)*\]|\\u\{[^}]*\}|\\x\{[^}]*\}|\\u.{4}|\\x..|\\p\{[^}]*\}|\\.|[^()[\]|*+?\\]/isuy,
    )?.[0];
    if (one === undefined) throw new RangeError('not understood');
    if (one.length === 1 && one !== '.') return one;
    return standsFor(one);
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found ?? undefined;
  }
}

/** A sign that a class or an escape takes: one of the usual ones, or the first of all. */
function standsFor(one: string): string {
  let matcher: RegExp;
  const source = one.replace(/\\x\{/g, '\\u{');
  try {
    matcher = new RegExp(`^${source}$`, 'su');
  } catch {
    // An escape that needs none, which is an error to Unicode's own patterns.
    try {
      matcher = new RegExp(`^${source}$`, 's');
    } catch {
      throw new RangeError('not understood');
    }
  }
  for (const sign of samples) if (matcher.test(sign)) return sign;
  for (let code = 1; code < 0x2000; code++) {
    const sign = String.fromCharCode(code);
    if (matcher.test(sign)) return sign;
  }
  throw new RangeError('takes nothing usual');
}
