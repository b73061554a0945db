/** llguidance behind plain classes: tokenizers, and matchers that go through a grammar. The first adapter of `TokenConstraint`. */
import { instantiateLlguidance, type LlguidanceExports } from './llguidanceModule.ts';
import { ConstraintError, type GrammarText, type TokenConstraint } from './tokenConstraint.ts';
import { maskWords } from './tokenMask.ts';

/** Begins the name of a token that marks something, so that no text is taken for one. */
const markByte = 0xff;
const errorBytes = 512;
/** `LlgTokenizerInit` of parser/llguidance.h. */
const tokenizerInitBytes = 40;
/** `LlgConstraintInit`, with `LlgParserLimits` from byte 16 on. */
const constraintInitBytes = 56;
/** Longest text of an error. */
const mostErrorBytes = 2000;

/** Where the engine gives up: a fraction of its own limits, which are made for machines of one's own. */
const limits = {
  /** Where the grammar branches. */
  itemsInRow: 2000,
  /** Work for the regular expressions of a grammar; 50,000 take about a millisecond. */
  initialLexerFuel: 500_000n,
  /** Work for one mask; 14,000 take about a millisecond. */
  stepLexerFuel: 200_000n,
  stepItems: 50_000,
  /** Each takes 1 to 2 kB of memory. */
  lexerStates: 50_000,
  grammarSize: 200_000,
};

const kinds = { 'json-schema': 'json', regex: 'regex', lark: 'lark' } as const;

/** Texts of tokens; the engine's own numbers for them are their places. */
export interface TokenTexts {
  /** How many tokens, those without a text included. */
  size: number;
  bytes(token: number): Uint8Array;
  isMark(token: number): boolean;
  /** Ends every answer; a mark of its own. */
  end: number;
}

export class Llguidance {
  readonly #wasm: LlguidanceExports;

  constructor(wasm: LlguidanceExports) {
    this.#wasm = wasm;
  }

  /** An instance with a memory of its own, which only grows. */
  static async open(module: WebAssembly.Module): Promise<Llguidance> {
    return new Llguidance(await instantiateLlguidance(module));
  }

  /** Sets up for a vocabulary: seconds for 150,000 tokens. @throws ConstraintError */
  tokenizer(texts: TokenTexts): LlgTokenizer {
    return new LlgTokenizer(this.#wasm, texts);
  }
}

export class LlgTokenizer {
  readonly #wasm: LlguidanceExports;
  readonly #pointer: number;
  readonly #init: number;
  readonly size: number;

  constructor(wasm: LlguidanceExports, texts: TokenTexts) {
    this.#wasm = wasm;
    this.size = texts.size;
    const memory = new WasmMemory(wasm);
    const lengths = new Uint32Array(texts.size);
    let total = 0;
    for (let token = 0; token < texts.size; token++) {
      lengths[token] = texts.bytes(token).byteLength + (texts.isMark(token) ? 1 : 0);
      total += lengths[token] ?? 0;
    }
    const all = new Uint8Array(total);
    let start = 0;
    for (let token = 0; token < texts.size; token++) {
      if (texts.isMark(token)) all[start++] = markByte;
      const bytes = texts.bytes(token);
      all.set(bytes, start);
      start += bytes.byteLength;
    }
    this.#pointer = memory.scoped((take) => {
      const init = take(new Uint8Array(tokenizerInitBytes), 8);
      const [lengthsAt, bytesAt] = [take(new Uint8Array(lengths.buffer), 4), take(all, 1)];
      const view = new DataView(wasm.memory.buffer);
      view.setUint32(init, texts.size, true);
      view.setUint32(init + 4, texts.end, true);
      view.setUint32(init + 8, lengthsAt, true);
      view.setUint32(init + 12, bytesAt, true);
      // Nobody asks it for a tokenization that must be the model's own.
      view.setUint8(init + 28, 1);
      const error = take(new Uint8Array(errorBytes), 1);
      const pointer = wasm.llg_new_tokenizer(init, error, errorBytes);
      if (pointer === 0) throw new ConstraintError(memory.text(error));
      return pointer;
    });
    this.#init = memory.put(new Uint8Array(constraintInitBytes), 8);
    wasm.llg_constraint_init_set_defaults(this.#init, this.#pointer);
    const view = new DataView(wasm.memory.buffer, this.#init);
    view.setUint32(4, 0, true);
    view.setUint32(16, limits.itemsInRow, true);
    view.setBigUint64(24, limits.initialLexerFuel, true);
    view.setBigUint64(32, limits.stepLexerFuel, true);
    view.setUint32(40, limits.stepItems, true);
    view.setUint32(44, limits.lexerStates, true);
    view.setUint32(48, limits.grammarSize, true);
    // Errors without the grammar in them.
    view.setUint8(53, 0);
  }

  /** @throws ConstraintError that says what is wrong with the grammar, or what of it the engine can't do */
  matcher({ kind, text }: GrammarText): LlgMatcher {
    const memory = new WasmMemory(this.#wasm);
    if (text.includes('\0')) throw new ConstraintError('a grammar may not hold the character U+0000');
    const pointer = memory.scoped((take) => {
      const [kindAt, textAt] = [take(memory.terminated(kinds[kind]), 1), take(memory.terminated(text), 1)];
      return guarded(() => this.#wasm.llg_new_matcher(this.#init, kindAt, textAt));
    });
    const error = this.#wasm.llg_matcher_get_error(pointer);
    if (error === 0) return new LlgMatcher(this.#wasm, pointer, this.size);
    const message = memory.text(error);
    this.#wasm.llg_free_matcher(pointer);
    throw new ConstraintError(message);
  }

  /** The longest tokens that a text can be cut into, from its beginning on: no model's own way. */
  tokenize(bytes: Uint8Array): number[] {
    const memory = new WasmMemory(this.#wasm);
    return memory.scoped((take) => {
      const into = take(new Uint8Array(4 * bytes.byteLength), 4);
      const count = this.#wasm.llg_tokenize_bytes(
        this.#pointer,
        take(bytes, 1),
        bytes.byteLength,
        into,
        bytes.byteLength,
      );
      return [...new Uint32Array(this.#wasm.memory.buffer, into, Math.min(count, bytes.byteLength))];
    });
  }

  dispose(): void {
    this.#wasm.llg_free_tokenizer(this.#pointer);
    this.#wasm.__wbindgen_free(this.#init, constraintInitBytes, 8);
  }
}

/** One answer's place in a grammar, in the engine's own words. */
export class LlgMatcher implements TokenConstraint {
  readonly #wasm: LlguidanceExports;
  readonly #pointer: number;
  readonly #size: number;
  readonly #maskAt: number;
  readonly #tokenAt: number;

  constructor(wasm: LlguidanceExports, pointer: number, size: number) {
    this.#wasm = wasm;
    this.#pointer = pointer;
    this.#size = size;
    this.#maskAt = wasm.__wbindgen_malloc(this.#maskBytes, 4) >>> 0;
    this.#tokenAt = wasm.__wbindgen_malloc(4, 4) >>> 0;
  }

  get #maskBytes(): number {
    return 4 * maskWords(this.#size);
  }

  get ended(): boolean {
    return this.#wasm.llg_matcher_is_stopped(this.#pointer) !== 0;
  }

  get mayEnd(): boolean {
    return this.#wasm.llg_matcher_is_accepting(this.#pointer) !== 0;
  }

  /** Where the answer has ended, the end is the only token that may come. */
  mask(into: Uint32Array): void {
    const words = this.maskView();
    into.set(words.length > into.length ? words.subarray(0, into.length) : words);
  }

  /** As `mask`, without a copy: valid until the next call. */
  maskView(): Uint32Array {
    const bytes = this.#maskBytes;
    const failed = guarded(() =>
      this.#wasm.llg_matcher_compute_mask_into(this.#pointer, this.#maskAt, bytes),
    );
    if (failed !== 0) throw this.#error();
    return new Uint32Array(this.#wasm.memory.buffer, this.#maskAt, bytes / 4);
  }

  accept(token: number): void {
    // A token that does not fit would leave an engine behind that gives the same error for ever.
    if (this.accepts([token]) !== 1) throw new ConstraintError(`token ${token} may not come here`);
    if (guarded(() => this.#wasm.llg_matcher_consume_token(this.#pointer, token)) !== 0) throw this.#error();
  }

  /** How many of these tokens, from the first on, may come one after the other. @throws ConstraintError */
  accepts(tokens: readonly number[]): number {
    const [only] = tokens;
    if (tokens.length === 1 && only !== undefined) {
      new Uint32Array(this.#wasm.memory.buffer, this.#tokenAt, 1)[0] = only;
      return this.#validate(this.#tokenAt, 1);
    }
    return new WasmMemory(this.#wasm).scoped((take) =>
      this.#validate(take(new Uint8Array(Uint32Array.from(tokens).buffer), 4), tokens.length),
    );
  }

  rollback(count: number): void {
    if (count === 0) return;
    if (guarded(() => this.#wasm.llg_matcher_rollback(this.#pointer, count)) !== 0) throw this.#error();
  }

  /** Another answer at the same place. */
  clone(): LlgMatcher {
    return new LlgMatcher(this.#wasm, this.#wasm.llg_clone_matcher(this.#pointer), this.#size);
  }

  dispose(): void {
    this.#wasm.llg_free_matcher(this.#pointer);
    this.#wasm.__wbindgen_free(this.#maskAt, this.#maskBytes, 4);
    this.#wasm.__wbindgen_free(this.#tokenAt, 4, 4);
  }

  #validate(tokensAt: number, count: number): number {
    const taken = guarded(() => this.#wasm.llg_matcher_validate_tokens(this.#pointer, tokensAt, count));
    if (taken < 0) throw this.#error();
    return taken;
  }

  #error(): ConstraintError {
    const pointer = this.#wasm.llg_matcher_get_error(this.#pointer);
    return new ConstraintError(
      pointer === 0 ? 'the grammar engine failed' : new WasmMemory(this.#wasm).text(pointer),
    );
  }
}

/** A fault inside of the engine is an error like the others. */
function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw new ConstraintError(`the grammar engine failed: ${(cause as Error).message}`, { cause });
  }
}

/** Texts and tables in the memory of the WebAssembly. */
class WasmMemory {
  readonly #wasm: LlguidanceExports;

  constructor(wasm: LlguidanceExports) {
    this.#wasm = wasm;
  }

  put(bytes: Uint8Array, align: number): number {
    const pointer = this.#wasm.__wbindgen_malloc(Math.max(1, bytes.byteLength), align) >>> 0;
    new Uint8Array(this.#wasm.memory.buffer).set(bytes, pointer);
    return pointer;
  }

  /** Gives all that was put meanwhile back. */
  scoped<T>(work: (take: (bytes: Uint8Array, align: number) => number) => T): T {
    const taken: [pointer: number, bytes: number, align: number][] = [];
    try {
      return work((bytes, align) => {
        const pointer = this.put(bytes, align);
        taken.push([pointer, Math.max(1, bytes.byteLength), align]);
        return pointer;
      });
    } finally {
      for (const one of taken) this.#wasm.__wbindgen_free(...one);
    }
  }

  terminated(text: string): Uint8Array {
    return new TextEncoder().encode(`${text}\0`);
  }

  /** Reads what ends with a zero. */
  text(pointer: number): string {
    const bytes = new Uint8Array(this.#wasm.memory.buffer, pointer >>> 0);
    const end = bytes.subarray(0, mostErrorBytes).indexOf(0);
    return new TextDecoder().decode(bytes.slice(0, end < 0 ? mostErrorBytes : end));
  }
}
