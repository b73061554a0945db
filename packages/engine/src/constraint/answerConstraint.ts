/**
 * Holds one answer to its constraint: free text first, where the model thinks, then the grammar; and so that what is begun
 * can be ended within the tokens that are left. What it does depends on the tokens and the room alone, so a replay repeats it.
 */
import type { ConstraintDescription } from '@potluck/protocol';
import { FreeText } from './freeText.ts';
import type { CompiledGrammar } from './grammarBook.ts';
import { shortestEnd } from './shortestEnd.ts';
import { ConstraintError } from './tokenConstraint.ts';
import { setAllowed } from './tokenMask.ts';

/** How often the way to the end is looked for while there is much room, in tokens. */
const lookEvery = 32;
/** The most that one token is expected to lengthen the way to the end, in bytes, however long the grammar is. */
const mostGrowth = 4096;
/** Beside the grammar's own length. */
const roomBeside = 64;

/** What a token changed, to take it back. */
interface Taken {
  /** Tokens of the byte grammar; -1 for one that ended the answer. */
  bytes: number;
  /** Whether the text was free before. */
  wasFree: boolean;
  /** True where the text was free, or became so: the grammar did not see the token. */
  isText: boolean;
  free: readonly number[];
  /** The way to the end that was known before. */
  end: number[] | undefined;
  sinceLook: number;
  pause: number;
  forced: readonly number[];
}

export class AnswerConstraint {
  readonly #grammar: CompiledGrammar;
  readonly #description: ConstraintDescription;
  readonly #matcher;
  readonly #bytes;
  readonly #free: FreeText | undefined;
  /** The text after which the answer is held; empty where it is held from its first token on. */
  readonly #mark: Uint8Array;
  readonly #markTokens: readonly number[];
  /** The shortest answer that was found, in tokens of the vocabulary; for an answer that may begin free. */
  readonly #shortest: readonly number[] | undefined;
  readonly #taken: Taken[] = [];
  #isFree: boolean;
  /** Tokens that must come next, so that the answer ends in time. */
  #forced: readonly number[] = [];
  /** The way to the end, in tokens of the byte grammar, as it was last found. */
  #end: number[] | undefined;
  #sinceLook = 0;
  /** Tokens between two looks while there is little room. */
  #pause = 1;
  #hasEnded = false;

  constructor(grammar: CompiledGrammar, description: ConstraintDescription) {
    this.#grammar = grammar;
    this.#description = description;
    const { after } = description;
    this.#mark = new TextEncoder().encode(after?.text);
    this.#markTokens = after?.tokenId === undefined ? grammar.tokenize(this.#mark) : [after.tokenId];
    this.#shortest = after && grammar.shortest && grammar.tokensOf(grammar.shortest);
    this.#matcher = grammar.matcher();
    this.#bytes = grammar.byteMatcher();
    this.#end = grammar.shortest;
    this.#isFree = after !== undefined && after.opensWith === undefined;
    this.#free = after && new FreeText(this.#mark);
  }

  /** How many tokens were taken. */
  get length(): number {
    return this.#taken.length;
  }

  /**
   * Writes which tokens may come next; those that end an answer by themselves among them.
   * @param into a bit for each token of the vocabulary
   * @throws ConstraintError where the engine gives up
   */
  mask(into: Uint32Array): void {
    const [forced] = this.#forced;
    const { endTokenIds, after } = this.#description;
    if (forced !== undefined) {
      into.fill(0);
      setAllowed(into, forced, true);
    } else if (this.#isFree) {
      into.fill(0xffffffff);
      for (const token of endTokenIds) setAllowed(into, token, after?.mayEnd === true);
    } else {
      if (this.#hasEnded) into.fill(0);
      else this.#matcher.mask(into);
      const mayEnd = this.#hasEnded || this.#matcher.mayEnd;
      for (const token of endTokenIds) setAllowed(into, token, mayEnd);
      if (this.#mayOpen && after?.opensWith !== undefined) setAllowed(into, after.opensWith, true);
    }
  }

  /**
   * Takes the token that was drawn, or another in its place where the answer could not be ended in time after it.
   * @param left tokens that may come after this one
   * @returns the token that was taken
   * @throws ConstraintError where the token may not come here
   */
  take(token: number, left: number): number {
    const before: Taken = {
      bytes: 0,
      wasFree: this.#isFree,
      isText: this.#isFree,
      free: this.#free?.state ?? [],
      end: this.#end,
      sinceLook: this.#sinceLook,
      pause: this.#pause,
      forced: this.#forced,
    };
    const [forced, ...later] = this.#forced;
    if (forced !== undefined) {
      this.#forced = later;
      this.#advance(forced, before);
      return forced;
    }
    if (this.#isEnd(token)) {
      const { after } = this.#description;
      const mayEnd = this.#isFree ? after?.mayEnd === true : this.#hasEnded || this.#matcher.mayEnd;
      if (!mayEnd) throw new ConstraintError(`token ${token} may not end the answer here`);
      this.#hasEnded = true;
      this.#taken.push({ ...before, bytes: -1 });
      return token;
    }
    if (this.#mayOpen && token === this.#description.after?.opensWith && !this.#isShortOf(left)) {
      this.#isFree = true;
      this.#taken.push({ ...before, isText: true });
      return token;
    }
    return this.#isFree ? this.#takeFree(token, left, before) : this.#takeBound(token, left, before);
  }

  /** Takes the last tokens back. */
  rollback(count: number): void {
    for (let index = 0; index < count; index++) {
      const last = this.#taken.pop();
      if (!last) throw new ConstraintError('more tokens are taken back than came');
      if (last.bytes < 0) this.#hasEnded = false;
      else if (last.isText) {
        this.#isFree = last.wasFree;
        this.#free?.restore(last.free);
      } else {
        this.#matcher.rollback(1);
        this.#bytes.rollback(last.bytes);
      }
      this.#end = last.end;
      this.#sinceLook = last.sinceLook;
      this.#pause = last.pause;
      this.#forced = last.forced;
    }
  }

  dispose(): void {
    this.#matcher.dispose();
    this.#bytes.dispose();
  }

  /** True where the answer may begin to think. */
  get #mayOpen(): boolean {
    return this.#taken.length === 0 && this.#description.after?.opensWith !== undefined && !this.#isFree;
  }

  #isEnd(token: number): boolean {
    return this.#description.endTokenIds.includes(token);
  }

  #takeFree(token: number, left: number, before: Taken): number {
    const { after } = this.#description;
    const free = this.#free as FreeText;
    const bytes = this.#grammar.bytesOf(token);
    const step = free.look(bytes);
    if (step.type === 'cut') {
      const [instead] = this.#grammar.tokenize(bytes.subarray(0, step.bytes));
      if (instead === undefined) throw new ConstraintError('the vocabulary has no token for a mark');
      return this.#takeFree(instead, left, before);
    }
    if (step.type === 'free' && after?.mayEnd !== true && this.#isShortOf(left)) {
      // Before this token there was room for it.
      const { missing } = free;
      const isWhole = missing.byteLength === this.#mark.byteLength;
      const closing = isWhole ? this.#markTokens : this.#grammar.tokenize(missing);
      const [first, ...later] = [...closing, ...(this.#shortest ?? [])];
      if (first !== undefined) {
        this.#forced = later;
        this.#advance(first, before);
        return first;
      }
    }
    this.#advance(token, before);
    return token;
  }

  /** True where the mark and the shortest answer don't fit any more after one further token. */
  #isShortOf(left: number): boolean {
    return this.#shortest !== undefined && left < this.#markTokens.length + this.#shortest.length;
  }

  #takeBound(token: number, left: number, before: Taken): number {
    const reach = Math.min(this.#description.text.length, mostGrowth) + roomBeside;
    const known = this.#end?.length ?? mostGrowth;
    const isNear = left < reach + 2 * known;
    const wayBefore = this.#end;
    const isKnown = this.#sinceLook === 0;
    this.#advance(token, before);
    if (this.#sinceLook < (isNear ? this.#pause : lookEvery)) return token;
    const way = this.#wayAfter(this.#grammar.byteTokensOf(token), isKnown ? wayBefore : undefined);
    this.#end = way;
    this.#sinceLook = 0;
    // Where a look finds nothing, it took long, and the next one mostly finds nothing either.
    this.#pause = way ? 1 : Math.min(lookEvery, 2 * this.#pause);
    const fits = way !== undefined && (way.length <= left || this.#grammar.tokensOf(way).length <= left);
    // Where the search finds no way, the one that was known is kept for as long as possible.
    const isLate = way !== undefined || (isKnown && wayBefore !== undefined && left < wayBefore.length);
    if (fits || !isLate) return token;
    this.rollback(1);
    const instead = isKnown && wayBefore ? wayBefore : this.#find();
    const [first, ...later] = instead ? this.#grammar.tokensOf(instead) : [];
    if (first === undefined) {
      this.#advance(token, before);
      this.#end = way;
      this.#sinceLook = 0;
      return token;
    }
    this.#forced = later;
    this.#advance(first, before);
    return first;
  }

  /** The way to the end after a token: mostly the same as before, or what is left of it. */
  #wayAfter(bytes: readonly number[], before: number[] | undefined): number[] | undefined {
    if (before) {
      for (let cut = Math.min(bytes.length, before.length); cut >= 0; cut--) {
        const isPrefix = before.slice(0, cut).every((byte, index) => byte === bytes[index]);
        if (cut > 4 && !isPrefix) continue;
        const rest = before.slice(cut);
        if (this.#ends(rest)) return rest;
      }
    }
    return this.#find();
  }

  #ends(way: number[]): boolean {
    if (way.length === 0) return this.#bytes.mayEnd;
    return this.#bytes.accepts([...way, this.#grammar.end]) === way.length + 1;
  }

  #find(): number[] | undefined {
    return shortestEnd(this.#bytes, this.#grammar.byteTokens);
  }

  #advance(token: number, before: Taken): void {
    if (this.#isFree) {
      const free = this.#free as FreeText;
      const bytes = this.#grammar.bytesOf(token);
      if (free.look(bytes).type === 'found') this.#isFree = false;
      else free.take(bytes);
      this.#taken.push(before);
      return;
    }
    this.#matcher.accept(token);
    const bytes = this.#grammar.byteTokensOf(token);
    for (const byte of bytes) this.#bytes.accept(byte);
    this.#sinceLook++;
    this.#taken.push({ ...before, bytes: bytes.length });
  }
}
