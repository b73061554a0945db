/** The grammars of one vocabulary, compiled once each: answers of the same grammar begin with a copy. */
import type { GrammarText } from './tokenConstraint.ts';
import type { Llguidance, LlgMatcher, LlgTokenizer, TokenTexts } from './llguidance.ts';
import { outlook, type ByteTokens } from './byteMatcher.ts';
import { patternWords } from './patternWords.ts';
import { shortestEnd } from './shortestEnd.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Grammars that stay compiled, those that were used last. */
const mostGrammars = 16;

/** A grammar that is ready for answers. */
export interface CompiledGrammar {
  /** A new answer's place in it. */
  matcher(): LlgMatcher;
  /** The same over bytes: its tokens are those of `byteTokens`. */
  byteMatcher(): LlgMatcher;
  byteTokens: ByteTokens;
  /** Ends an answer, in both. */
  end: number;
  /** The shortest answer that was found, in tokens of the byte grammar. */
  shortest: number[] | undefined;
  /** Text of a token. */
  bytesOf(token: number): Uint8Array;
  /** A token in those of the byte grammar. */
  byteTokensOf(token: number): number[];
  /** Tokens of the byte grammar in those of the vocabulary: as few as are found. */
  tokensOf(bytes: readonly number[]): number[];
  /** A text in tokens of the vocabulary. */
  tokenize(bytes: Uint8Array): number[];
}

interface Entry {
  matcher: LlgMatcher;
  bytes: LlgMatcher;
  shortest: number[] | undefined;
  words: ByteTokens['words'];
}

function wordsOf(grammar: GrammarText, firstByte: number): ByteTokens['words'] {
  const encoder = new TextEncoder();
  return patternWords(grammar).map((word) => Array.from(encoder.encode(word), (byte) => firstByte + byte));
}

/**
 * Tokens of the vocabulary have their own numbers; the 256 bytes come behind them, and then the end. Both grammars have the
 * same numbers: that of tokens has no bytes, that of bytes no tokens but marks.
 */
function textsOf(vocabulary: Vocabulary, of: 'tokens' | 'bytes'): TokenTexts {
  const { size } = vocabulary;
  const none = new Uint8Array(0);
  const end = size + 256;
  const endName = new TextEncoder().encode('<|potluck_end|>');
  return {
    size: end + 1,
    end,
    isMark: (token) => token === end || (token < size && vocabulary.isMark(token)),
    bytes: (token) => {
      if (token === end) return endName;
      if (token >= size) return of === 'bytes' ? Uint8Array.of(token - size) : none;
      return of === 'tokens' || vocabulary.isMark(token) ? vocabulary.bytes(token) : none;
    },
  };
}

export class GrammarBook {
  readonly #vocabulary: Vocabulary;
  readonly #tokens: LlgTokenizer;
  readonly #bytes: LlgTokenizer;
  readonly #entries = new Map<string, Entry>();
  readonly #marks: number[] = [];

  /** Sets the engine up, which takes seconds for 150,000 tokens. @throws ConstraintError */
  constructor(engine: Llguidance, vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#tokens = engine.tokenizer(textsOf(vocabulary, 'tokens'));
    this.#bytes = engine.tokenizer(textsOf(vocabulary, 'bytes'));
    for (let token = 0; token < vocabulary.size; token++) {
      if (vocabulary.isMark(token)) this.#marks.push(token);
    }
  }

  /** How many tokens the vocabulary has. */
  get size(): number {
    return this.#vocabulary.size;
  }

  /** @throws ConstraintError that says what is wrong with the grammar, or what of it the engine can't do */
  compile(grammar: GrammarText): CompiledGrammar {
    const entry = this.#entry(grammar);
    const { size } = this.#vocabulary;
    const bytesOf = (token: number): Uint8Array => this.#vocabulary.bytes(token);
    return {
      matcher: () => entry.matcher.clone(),
      byteMatcher: () => entry.bytes.clone(),
      byteTokens: this.#byteTokens(entry.words),
      end: size + 256,
      shortest: entry.shortest,
      bytesOf,
      byteTokensOf: (token) =>
        this.#vocabulary.isMark(token) ? [token] : Array.from(bytesOf(token), (byte) => size + byte),
      tokensOf: (bytes) => this.#tokensOf(bytes),
      tokenize: (bytes) => this.#tokens.tokenize(bytes),
    };
  }

  #entry(grammar: GrammarText): Entry {
    const key = `${grammar.kind}\n${grammar.text}`;
    const known = this.#entries.get(key);
    const entry = known ?? this.#make(grammar);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const [oldest, { matcher, bytes }] of this.#entries) {
      if (this.#entries.size <= mostGrammars) break;
      this.#entries.delete(oldest);
      matcher.dispose();
      bytes.dispose();
    }
    return entry;
  }

  #make(grammar: GrammarText): Entry {
    const bytes = this.#bytes.matcher(grammar);
    const words = wordsOf(grammar, this.#vocabulary.size);
    const shortest = shortestEnd(bytes, this.#byteTokens(words));
    return { matcher: this.#tokens.matcher(grammar), bytes, shortest, words };
  }

  #byteTokens(words: ByteTokens['words']): ByteTokens {
    return { firstByte: this.#vocabulary.size, marks: this.#marks, words };
  }

  #tokensOf(bytes: readonly number[]): number[] {
    const { size } = this.#vocabulary;
    const tokens: number[] = [];
    let text: number[] = [];
    const flush = (): void => {
      if (text.length > 0) tokens.push(...this.#tokens.tokenize(Uint8Array.from(text)));
      text = [];
    };
    for (const token of bytes) {
      if (token >= size) text.push(token - size);
      else {
        flush();
        tokens.push(token);
      }
    }
    flush();
    return tokens;
  }
}

/**
 * A grammar over bytes alone, for who has no vocabulary: whether it can be used, and its shortest answer as text.
 * @returns `isEmpty`: true where it allows an empty answer and no other one
 */
export function tryGrammar(
  engine: Llguidance,
  marks: readonly (readonly [token: number, text: string])[],
  grammar: GrammarText,
): { shortest: string | undefined; isEmpty: boolean } {
  const names = new Map(marks.map(([token, text]) => [token, new TextEncoder().encode(text)]));
  const size = Math.max(0, ...names.keys()) + 1;
  const vocabulary: Vocabulary = {
    size,
    bytes: (token) => names.get(token) ?? new Uint8Array(0),
    isMark: (token) => names.has(token),
  };
  const tokenizer = engine.tokenizer(textsOf(vocabulary, 'bytes'));
  try {
    const matcher = tokenizer.matcher(grammar);
    const tokens = { firstByte: size, marks: [...names.keys()], words: wordsOf(grammar, size) };
    const end = shortestEnd(matcher, tokens);
    const { count, mark } = outlook(matcher, tokens);
    matcher.dispose();
    if (!end) return { shortest: undefined, isEmpty: false };
    const bytes = end.flatMap((token) => (token >= size ? [token - size] : [...vocabulary.bytes(token)]));
    const isEmpty = end.length === 0 && count === 0 && mark === undefined;
    return { shortest: new TextDecoder().decode(Uint8Array.from(bytes)), isEmpty };
  } finally {
    tokenizer.dispose();
  }
}
