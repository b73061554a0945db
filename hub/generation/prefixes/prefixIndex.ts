/**
 * Which caches of one pipeline in one epoch begin with which tokens. Tokens are compared one by one: a match is a match, and no
 * hash has to be trusted. Bounded; a cache is looked up in a millisecond or so, since few have room beside one another.
 */
import type { CacheId } from '@potluck/protocol';
import { reusableTokens, type CommonTokens } from './reusableTokens.ts';

/** Whose tokens, and which. */
export interface OwnedPrompt {
  /** Between whom nothing is shared but system prompts. */
  owner: string;
  prompt: readonly number[];
  /** Tokens at the beginning of the prompt that come of its system prompt alone; 0 where that is not known. */
  systemTokens: number;
}

/** Tokens that the cache of a session holds. */
export interface CachedTokens extends OwnedPrompt {
  cacheId: CacheId;
  /** Grows while the session runs; the last token is drawn and not in the cache. */
  answer: readonly number[];
}

interface Entry extends CachedTokens {
  /** Tokens of it that were kept; undefined while its session runs. */
  kept: number | undefined;
  usedAt: number;
}

/** A cache that a prompt may begin with. */
export interface FoundPrefix {
  cacheId: CacheId;
  /** So many of its tokens. */
  length: number;
  /** False while its session runs. */
  isKept: boolean;
}

export type PrefixRules = Pick<CommonTokens, 'chunkTokens' | 'replay'>;

/** Shorter ones are not worth a copy. */
export const leastPrefixTokens = 16;
/** How long a cache is kept that nobody begins with, in milliseconds. Workers forget it later by themselves. */
export const keptForMs = 30 * 60_000;
/** Most caches that are kept, and most tokens of them: what the hub remembers of each is its tokens. */
const mostKept = 128;
const mostKeptTokens = 2_000_000;

export class PrefixIndex {
  readonly #rules: PrefixRules;
  /** Those that were used least lately first. */
  readonly #entries = new Map<CacheId, Entry>();

  constructor(rules: PrefixRules) {
    this.#rules = rules;
  }

  /** Caches that are kept, and their tokens. */
  get kept(): { caches: number; tokens: number } {
    const lengths = this.#kept().map(({ kept }) => kept ?? 0);
    return { caches: lengths.length, tokens: lengths.reduce((sum, length) => sum + length, 0) };
  }

  /** A session's prompt is in its cache at every stage. */
  runs(cached: CachedTokens, now: number): void {
    this.#put({ ...cached, kept: undefined, usedAt: now });
  }

  /**
   * A session is over, and its cache is kept.
   * @returns caches to drop: those that hold no more than it does, those that nobody used for long, and what is too much
   */
  keeps(cached: CachedTokens, length: number, now: number): CacheId[] {
    const before = this.#kept().filter(
      (entry) => entry.cacheId !== cached.cacheId && entry.owner === cached.owner,
    );
    const answer = cached.answer.slice();
    this.#put({ ...cached, answer, kept: length, usedAt: now });
    const dropped = before
      .filter(({ kept = 0, ...entry }) => kept <= length && commonTokens(entry, cached, kept) === kept)
      .map(({ cacheId }) => cacheId);
    for (const cacheId of dropped) this.#entries.delete(cacheId);
    dropped.push(...this.expire(now));
    for (let held = this.kept; held.caches > mostKept || held.tokens > mostKeptTokens; held = this.kept) {
      const oldest = this.takeOldest();
      if (oldest === undefined) break;
      dropped.push(oldest);
    }
    return dropped;
  }

  /** Forgets a cache. */
  forget(cacheId: CacheId): void {
    this.#entries.delete(cacheId);
  }

  /** Forgets those that nobody used for long. @returns which */
  expire(now: number): CacheId[] {
    const old = this.#kept().filter(({ usedAt }) => now - usedAt > keptForMs);
    for (const { cacheId } of old) this.#entries.delete(cacheId);
    return old.map(({ cacheId }) => cacheId);
  }

  /**
   * Forgets the kept cache that was used least lately.
   * @param needed one that stays
   * @returns undefined where there is none
   */
  takeOldest(needed?: CacheId): CacheId | undefined {
    const oldest = this.#kept().find(({ cacheId }) => cacheId !== needed);
    if (oldest) this.#entries.delete(oldest.cacheId);
    return oldest?.cacheId;
  }

  /** The cache that holds most of what a prompt begins with, and may be used for it. */
  find(asked: OwnedPrompt, now: number): FoundPrefix | undefined {
    let best: FoundPrefix | undefined;
    for (const entry of this.#entries.values()) {
      if (entry.kept !== undefined && now - entry.usedAt > keptForMs) continue;
      const length = this.#reusable(entry, asked);
      if (length >= leastPrefixTokens && length >= (best?.length ?? 0))
        best = { cacheId: entry.cacheId, length, isKept: entry.kept !== undefined };
    }
    return best;
  }

  /** A session begins with the cache. */
  used(cacheId: CacheId, now: number): void {
    const entry = this.#entries.get(cacheId);
    if (entry) this.#put({ ...entry, usedAt: now });
  }

  #reusable(entry: Entry, asked: OwnedPrompt): number {
    const { kept, prompt, answer } = entry;
    const length = kept ?? prompt.length + Math.max(0, answer.length - 1);
    const common = sharedTokens(entry, asked, commonTokens(entry, asked, length));
    return reusableTokens({
      ...this.#rules,
      common,
      promptLength: asked.prompt.length,
      cachedPromptLength: prompt.length,
    });
  }

  #kept(): Entry[] {
    return [...this.#entries.values()].filter(({ kept }) => kept !== undefined);
  }

  #put(entry: Entry): void {
    this.#entries.delete(entry.cacheId);
    this.#entries.set(entry.cacheId, entry);
  }
}

/** How many tokens both begin with, of the cache's first `length`. */
function commonTokens(
  { prompt, answer }: Pick<CachedTokens, 'prompt' | 'answer'>,
  other: { prompt: readonly number[]; answer?: readonly number[] },
  length: number,
): number {
  const otherLength = other.prompt.length + (other.answer?.length ?? 0);
  const most = Math.min(length, prompt.length + answer.length, otherLength);
  let common = 0;
  while (common < most && tokenAt(prompt, answer, common) === tokenAt(other.prompt, other.answer, common))
    common++;
  return common;
}

function tokenAt(
  prompt: readonly number[],
  answer: readonly number[] | undefined,
  index: number,
): number | undefined {
  return index < prompt.length ? prompt[index] : answer?.[index - prompt.length];
}

/**
 * What of the common tokens may be shared: all with oneself; with others the system prompt, where it is the same as a whole. So
 * nobody finds out by how soon an answer begins, or by the tokens counted as cached, what others wrote, or how far a guess goes.
 */
function sharedTokens(entry: OwnedPrompt, asked: OwnedPrompt, common: number): number {
  if (entry.owner === asked.owner) return common;
  const { systemTokens } = asked;
  return entry.systemTokens === systemTokens && common >= systemTokens ? systemTokens : 0;
}
