/** The caches of one pipeline in one epoch that prompts may begin with: which one, and which are dropped to make room. */
import type { CacheId, FromHubMessage, OpenSession, WorkerId } from '@potluck/protocol';
import type { ReadyStage } from '../../pipelines/pipeline.ts';
import type { Admission } from '../admission.ts';
import { canCut } from '../canCut.ts';
import { PrefixIndex, leastPrefixTokens, type CachedTokens, type OwnedPrompt } from './prefixIndex.ts';
import { reusableTokens } from './reusableTokens.ts';

/** The cache that a session begins with. */
export type PrefixStart = NonNullable<OpenSession['from']>;

export interface KeptCachesComponents {
  stages: readonly Pick<ReadyStage, 'workerId' | 'assignmentId' | 'replay' | 'description'>[];
  admission: Pick<Admission, 'fitsBeside'>;
  /** @returns false if the worker is not here */
  send: (workerId: WorkerId, message: FromHubMessage) => boolean;
  now?: () => number;
}

export class KeptCaches {
  readonly #components: KeptCachesComponents;
  readonly #index: PrefixIndex;
  readonly #chunkTokens: number;
  readonly #replay: 'chunks' | 'steps';
  /** Nothing begins with caches that can't be cut. */
  readonly #canCut: boolean;
  readonly #now: () => number;

  /** @param chunkTokens in which the pipeline runs prompts */
  constructor(components: KeptCachesComponents, { chunkTokens }: { chunkTokens: number }) {
    const { stages, now = () => performance.now() } = components;
    this.#components = components;
    this.#chunkTokens = chunkTokens;
    this.#replay = stages.every(({ replay }) => replay === 'chunks') ? 'chunks' : 'steps';
    this.#canCut = stages.every(({ description }) => canCut(description));
    this.#index = new PrefixIndex({ chunkTokens, replay: this.#replay });
    this.#now = now;
  }

  /** Tokens that a prompt need not be computed for. */
  reusable(asked: OwnedPrompt): number {
    return this.#index.find(asked, this.#now())?.length ?? 0;
  }

  /** The same, once the prompt of one that runs already, and has the same, is computed. */
  reusableOfSame(promptLength: number): number {
    if (!this.#canCut) return 0;
    const same = { common: promptLength, promptLength, cachedPromptLength: promptLength };
    return reusableTokens({ ...same, chunkTokens: this.#chunkTokens, replay: this.#replay });
  }

  /**
   * A session that has room is about to open: drops caches that are in its way.
   * @returns what it begins with; undefined for nothing
   */
  begin(asked: OwnedPrompt): PrefixStart | undefined {
    const now = this.#now();
    const found = this.#index.find(asked, now);
    if (found) this.#index.used(found.cacheId, now);
    const take = this.#makeRoom(now, found?.cacheId);
    return found && { cacheId: found.cacheId, length: found.length, take };
  }

  /** As `begin`, for a session that begins with none of the caches. */
  makeRoom(): void {
    this.#makeRoom(this.#now());
  }

  /** Some stage does not have a cache any more, or what it has is not trusted. */
  forget(cacheId: CacheId): void {
    this.#index.forget(cacheId);
    this.#drop([cacheId]);
  }

  /** A session's prompt is computed. */
  runs(cached: CachedTokens): void {
    if (this.#canCut) this.#index.runs(cached, this.#now());
  }

  /** How many tokens of a session's cache are worth keeping; undefined for none. */
  worthKeeping({ prompt, answer }: CachedTokens): number | undefined {
    if (!this.#canCut || answer.length === 0) return undefined;
    const length =
      this.#replay === 'chunks' ? prompt.length + answer.length - 1 : this.#wholeChunks(prompt.length);
    return length >= leastPrefixTokens ? length : undefined;
  }

  /** A session is over. @param length tokens of its cache that all stages keep; undefined for none */
  ended(cached: CachedTokens, length: number | undefined): void {
    this.#index.forget(cached.cacheId);
    if (length !== undefined) this.#drop(this.#index.keeps(cached, length, this.#now()));
  }

  /** @param needed by the session @returns true where that one is in the way as well */
  #makeRoom(now: number, needed?: CacheId): boolean {
    const dropped = this.#index.expire(now);
    let takes = false;
    while (!takes && !this.#fits()) {
      const oldest = this.#index.takeOldest(needed);
      const last = oldest ?? this.#index.takeOldest();
      if (last === undefined) break;
      if (oldest === undefined) takes = true;
      else dropped.push(oldest);
    }
    this.#drop(dropped);
    return takes;
  }

  #wholeChunks(promptLength: number): number {
    return promptLength - (promptLength % this.#chunkTokens);
  }

  #fits(): boolean {
    const { caches, tokens } = this.#index.kept;
    return this.#components.admission.fitsBeside(tokens, caches);
  }

  #drop(cacheIds: CacheId[]): void {
    if (cacheIds.length === 0) return;
    for (const { workerId, assignmentId } of this.#components.stages)
      this.#components.send(workerId, { type: 'drop-caches', assignmentId, cacheIds });
  }
}
