/**
 * The shortest way out of a text that follows a pattern: first by guesses, then level by level, over kinds of bytes that the
 * pattern tells apart.
 * Pure but for the matcher, which the search leaves as it was.
 */
import { outlook, type ByteMatcher, type ByteTokens, type Outlook } from './byteMatcher.ts';

/** Places that are kept on each level. */
const mostPlaces = 12;
/** Of those from which the same bytes may come: behind a count, they differ all the same. */
const mostAlike = 3;
/** How often the kinds of bytes are told apart anew. */
const mostRounds = 4;
const mostGuesses = 2000;
/** After so many levels that show nothing new, the search goes on in another way. */
const patience = 6;
/** Of the last way: behind a count, many levels look the same. */
const longPatience = 1024;

/** What is left of the work that all searches of one answer may do together, in looks at a place. */
export interface SearchBudget {
  looks: number;
}

interface Place {
  way: readonly number[];
  view: Outlook;
}

/**
 * @param isOut whether a place is outside of the text; it may move the matcher, and moves it back
 * @returns tokens of the byte grammar; undefined where no way was found within the budget
 * @throws ConstraintError where the engine gives up
 */
export function wayOutOfText(
  matcher: ByteMatcher,
  tokens: ByteTokens,
  isOut: (view: Outlook) => boolean,
  budget: SearchBudget,
): number[] | undefined {
  const search = new TextSearch(matcher, tokens, isOut, budget);
  try {
    const guessed = search.guess();
    if (guessed) return guessed;
    for (let round = 0; round < mostRounds; round++) {
      const before = search.kinds;
      const found = search.run('kinds', patience);
      if (found) return found;
      if (search.kinds === before) break;
    }
    return search.run('bytes', patience) ?? search.run('kinds', longPatience);
  } finally {
    search.moveTo([]);
  }
}

/** What most people would write first. */
const preferred = Uint8Array.from(
  [...'a0A.-@/_:, \n']
    .map((sign) => sign.charCodeAt(0))
    .concat(Array.from({ length: 256 }, (_, byte) => byte)),
);

/** True for bytes that mean nothing else: signs of ASCII but for the backslash, with which escapes begin; and ends of lines. */
function isPlain(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f && byte !== 0x5c) || byte === 0x0a;
}

/** Kinds of bytes before a pattern has told any apart. */
function firstKind(byte: number): number {
  const sign = String.fromCharCode(byte);
  if (/[a-z]/.test(sign)) return 0;
  if (/[A-Z]/.test(sign)) return 1;
  if (/[0-9]/.test(sign)) return 2;
  if (sign === '\n') return 4;
  return 3;
}

class TextSearch {
  readonly #matcher: ByteMatcher;
  readonly #tokens: ByteTokens;
  readonly #isOut: (view: Outlook) => boolean;
  readonly #budget: SearchBudget;
  #at: readonly number[] = [];
  #kindOf = Array.from({ length: 256 }, (_, byte) => firstKind(byte));
  readonly #seen = new Set<string>();
  /** How many kinds of bytes are told apart. */
  kinds = 5;

  constructor(
    matcher: ByteMatcher,
    tokens: ByteTokens,
    isOut: (view: Outlook) => boolean,
    budget: SearchBudget,
  ) {
    this.#matcher = matcher;
    this.#tokens = tokens;
    this.#isOut = isOut;
    this.#budget = budget;
  }

  /**
   * @param by tries one byte of each kind at each place, or each byte
   * @param mostPatience levels that show nothing new, after which it gives up
   */
  run(by: 'kinds' | 'bytes', mostPatience: number): number[] | undefined {
    this.moveTo([]);
    const known = new Set<string>();
    let level: Place[] = [{ way: [], view: this.#look() }];
    for (let idle = 0; idle < mostPatience && level.length > 0; idle++) {
      const next: Place[] = [];
      const alike = new Map<string, number>();
      for (const { way, view } of level) {
        for (const token of this.#choices(view, by)) {
          if (this.#budget.looks <= 0) return undefined;
          const longer = [...way, token];
          this.moveTo(longer);
          const seen = this.#look();
          if (this.#isOut(seen)) return longer;
          if (!known.has(seen.key)) idle = -1;
          known.add(seen.key);
          // Where each byte is tried, what looks the same is the same.
          const count = (alike.get(seen.key) ?? 0) + (by === 'bytes' ? mostAlike : 1);
          if (count > mostAlike) continue;
          alike.set(seen.key, count);
          next.push({ way: longer, view: seen });
        }
      }
      level = next.length <= mostPlaces ? next : rarest(next, mostPlaces);
    }
    return undefined;
  }

  /** The ends of texts that patterns match, the shortest first. */
  guess(): number[] | undefined {
    const ends = this.#tokens.words.flatMap((word) => word.map((_, start) => word.slice(start)));
    for (const end of ends.toSorted((one, other) => one.length - other.length).slice(0, mostGuesses)) {
      if (this.#matcher.accepts(end) !== end.length) continue;
      this.moveTo(end);
      const isOut = this.#isOut(this.#look());
      this.moveTo([]);
      if (isOut) return end;
    }
    return undefined;
  }

  moveTo(way: readonly number[]): void {
    let common = 0;
    while (common < way.length && common < this.#at.length && way[common] === this.#at[common]) common++;
    this.#matcher.rollback(this.#at.length - common);
    this.#at = way.slice(0, common);
    for (const token of way.slice(common)) this.#matcher.accept(token);
    this.#at = way;
  }

  #look(): Outlook {
    this.#budget.looks--;
    const view = outlook(this.#matcher, this.#tokens);
    if (!this.#seen.has(view.key)) {
      this.#seen.add(view.key);
      const numbers = new Map<string, number>();
      this.#kindOf = this.#kindOf.map((kind, byte) => {
        const key = `${kind} ${view.bytes[byte]}`;
        const number = numbers.get(key) ?? numbers.size;
        numbers.set(key, number);
        return number;
      });
      this.kinds = numbers.size;
    }
    return view;
  }

  #choices({ bytes }: Outlook, by: 'kinds' | 'bytes'): number[] {
    const hasPlain = bytes.some((may, byte) => may === 1 && isPlain(byte));
    const taken = new Set<number>();
    const choices: number[] = [];
    for (const byte of preferred) {
      const kind = by === 'kinds' ? (this.#kindOf[byte] ?? 0) : byte;
      if (bytes[byte] !== 1 || taken.has(kind) || (hasPlain && !isPlain(byte))) continue;
      taken.add(kind);
      choices.push(this.#tokens.firstByte + byte);
    }
    return choices;
  }
}

/** Places that let few bytes follow are those where a pattern goes on. */
function rarest(places: readonly Place[], most: number): Place[] {
  return places.toSorted((one, other) => one.view.count - other.view.count).slice(0, most);
}
