/** The cache of one session: what it begins with, and what others may begin with. */
import type { SessionPrefix } from '../session.ts';
import type { KeptCaches, PrefixStart } from './keptCaches.ts';
import type { CachedTokens } from './prefixIndex.ts';

export interface SessionCacheInit {
  /** Whether it may begin with a cache that is there already. */
  mayBegin: boolean;
  /** Whether others may begin with it. */
  isShared: boolean;
  /** Told with how many tokens it begins. */
  begins: (length: number) => void;
}

export class SessionCache implements SessionPrefix {
  readonly #kept: KeptCaches;
  readonly #cached: CachedTokens;
  readonly #init: SessionCacheInit;
  #from: PrefixStart | undefined;

  /** @param kept of the session's pipeline @param cached what the session computes */
  constructor(kept: KeptCaches, cached: CachedTokens, init: SessionCacheInit) {
    this.#kept = kept;
    this.#cached = cached;
    this.#init = init;
  }

  begin(): PrefixStart | undefined {
    if (this.#init.mayBegin) this.#from = this.#kept.begin(this.#cached);
    else this.#kept.makeRoom();
    if (this.#from) this.#init.begins(this.#from.length);
    return this.#from;
  }

  missed(): void {
    if (this.#from) this.#kept.forget(this.#from.cacheId);
  }

  /** The first token came: the prompt is in the session's cache. */
  runs(): void {
    if (this.#init.isShared) this.#kept.runs(this.#cached);
  }

  /** How many tokens of the cache are worth keeping; undefined for none. */
  worthKeeping(): number | undefined {
    return this.#init.isShared ? this.#kept.worthKeeping(this.#cached) : undefined;
  }

  /** The session is over. @param length tokens of its cache that all stages keep */
  ended(length: number | undefined): void {
    this.#kept.ended(this.#cached, length);
  }

  /** It failed: what it began with is not trusted either. */
  failed(): void {
    this.ended(undefined);
    this.missed();
  }
}
