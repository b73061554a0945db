/**
 * Keeps text from being read as special tokens. A tokenizer finds its special tokens anywhere in a prompt, so that whoever
 * writes `<|im_end|>` in a message could end their own turn. Guards between the characters of such a text keep the
 * tokenizer from finding it; they are taken out before the text becomes ordinary tokens.
 */
import type { PreTrainedTokenizer } from '@huggingface/transformers';

/** Non-characters, which Unicode keeps for such use. */
const guards = Array.from({ length: 32 }, (_, index) => String.fromCharCode(0xfdd0 + index));

/** What `@huggingface/tokenizers` keeps to itself, as of 0.2. */
interface TokenizerParts {
  special_tokens: string[];
  pre_tokenizer: ((text: string, options?: object) => string[]) | null;
}

export class PlainText {
  readonly #special: RegExp | undefined;
  #guard: string | undefined;

  /** Changes the tokenizer so that it takes guards out. */
  constructor(tokenizer: PreTrainedTokenizer) {
    const parts = (tokenizer as unknown as { _tokenizer: TokenizerParts })._tokenizer;
    const texts = parts.special_tokens.filter((text) => text.length > 1);
    // Where one begins with another, the longer one is meant.
    texts.sort((one, other) => other.length - one.length);
    if (texts.length > 0) this.#special = new RegExp(texts.map(escapePattern).join('|'), 'g');
    const { pre_tokenizer: split } = parts;
    parts.pre_tokenizer = (text, options) => {
      const plain = this.#guard === undefined ? text : text.replaceAll(this.#guard, '');
      return split === null ? [plain] : split(plain, options);
    };
  }

  /**
   * The same value with guards in every text in it, names of fields included, that special tokens are made of. They are
   * taken out of what is tokenized until this is called again.
   */
  protect<T>(value: T): T {
    const special = this.#special;
    this.#guard = undefined;
    const texts = new Set<string>();
    collectTexts(value, texts);
    if (!special || ![...texts].some((text) => text.search(special) >= 0)) return value;
    const guard = guards.find((one) => ![...texts].some((text) => text.includes(one))) ?? '\uFDD0';
    this.#guard = guard;
    const guarded = (text: string): string => text.replace(special, (found) => [...found].join(guard));
    return mapTexts(value, guarded) as T;
  }

  /** The text without the guards. */
  restore(text: string): string {
    return this.#guard === undefined ? text : text.replaceAll(this.#guard, '');
  }
}

function collectTexts(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') into.add(value);
  else if (typeof value === 'object' && value !== null) {
    for (const [name, one] of Object.entries(value)) {
      into.add(name);
      collectTexts(one, into);
    }
  }
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === 'string') return map(value);
  if (Array.isArray(value)) return value.map((one) => mapTexts(one, map));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [map(name), mapTexts(one, map)]));
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}
