/** What a key may do at most, counted in memory; a day's tokens are counted in the database. */
import type { Logger } from 'pino';
import { DomainError } from '../errors/domainError.ts';
import type { UsedKey } from './apiKeys.ts';
import { UsageUnknownError } from './usageUnknownError.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export interface KeyUseComponents {
  /** Prompt and answer tokens of a key since a time, in Unix milliseconds. */
  tokensOf(keyId: string, since: number): Promise<number>;
  /** True while the database does not answer, as far as that is known: nobody waits for it then. */
  isAway(): boolean;
  logger: Pick<Logger, 'warn'>;
}

/** Why a key may not ask now. */
export interface KeyRefusal {
  message: string;
  retryAfterSeconds: number;
}

export class KeyUse {
  readonly #components: KeyUseComponents;
  readonly #starts = new Map<string, number[]>();
  readonly #running = new Map<string, number>();
  /** Tokens of a day, by key: what the database said last, and what was used since. */
  readonly #counted = new Map<string, number>();
  /** Keys that go on by `#counted`, since the database does not answer. */
  readonly #uncertain = new Set<string>();

  constructor(components: KeyUseComponents) {
    this.#components = components;
  }

  /** What goes on while the database does not answer, for people; undefined where no key has gone on so since it answered last. */
  get trouble(): string | undefined {
    if (this.#uncertain.size === 0) return undefined;
    return 'Keys with a daily limit go on by what this hub counted last.';
  }

  /** A request of a key has ended. @param tokens of prompt and answer */
  used(keyId: string, tokens: number): void {
    const counted = this.#counted.get(keyId);
    if (counted !== undefined) this.#counted.set(keyId, counted + tokens);
  }

  /**
   * Takes a place for one request.
   * @throws UsageUnknownError where the key has a daily limit, and the database has not answered yet how much of it was used
   * @param now in milliseconds of a clock that nobody sets
   * @returns a function that gives the place back when the request has ended, once however often it is called; or why
   *   there is none
   */
  async begin({ id, name, limits }: UsedKey, now = performance.now()): Promise<(() => void) | KeyRefusal> {
    const { requestsPerMinute, concurrentRequests, tokensPerDay } = limits;
    if (tokensPerDay !== undefined) {
      const tokens = await this.#tokensToday(id, name);
      if (tokens >= tokensPerDay) {
        const message = `The key '${name}' has used ${tokens} of its ${tokensPerDay} tokens a day.`;
        return { message, retryAfterSeconds: 3600 };
      }
    }
    const starts = (this.#starts.get(id) ?? []).filter((start) => start > now - minuteMs);
    if (requestsPerMinute !== undefined && starts.length >= requestsPerMinute) {
      const [oldest = now] = starts;
      return {
        message: `The key '${name}' may ask ${requestsPerMinute} times a minute.`,
        retryAfterSeconds: Math.max(1, Math.ceil((oldest + minuteMs - now) / 1000)),
      };
    }
    const running = this.#running.get(id) ?? 0;
    if (concurrentRequests !== undefined && running >= concurrentRequests) {
      const message = `The key '${name}' may have ${concurrentRequests} requests at a time.`;
      return { message, retryAfterSeconds: 5 };
    }
    if (requestsPerMinute !== undefined) this.#starts.set(id, [...starts, now]);
    this.#running.set(id, running + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#running.set(id, Math.max(0, (this.#running.get(id) ?? 0) - 1));
    };
  }

  async #tokensToday(id: string, name: string): Promise<number> {
    const { logger } = this.#components;
    if (!this.#counted.has(id) || !this.#components.isAway()) {
      try {
        const tokens = await this.#components.tokensOf(id, Date.now() - dayMs);
        this.#counted.set(id, tokens);
        this.#uncertain.clear();
        return tokens;
      } catch (error) {
        if (!(error instanceof DomainError) || error.kind !== 'unavailable') throw error;
        if (!this.#counted.has(id)) throw new UsageUnknownError(name, error);
      }
    }
    const counted = this.#counted.get(id) ?? 0;
    if (!this.#uncertain.has(id))
      logger.warn(
        { key: name, tokens: counted },
        'the database does not answer: a key with a daily limit goes on by the tokens that this hub counted last',
      );
    this.#uncertain.add(id);
    return counted;
  }
}
