/** What a key may do at most, counted in memory; a day's tokens are counted in the database. */
import type { UsedKey } from './apiKeys.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export interface KeyUseComponents {
  /** Prompt and answer tokens of a key since a time, in Unix milliseconds. */
  tokensOf(keyId: string, since: number): Promise<number>;
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

  constructor(components: KeyUseComponents) {
    this.#components = components;
  }

  /**
   * Takes a place for one request.
   * @param now in milliseconds of a clock that nobody sets
   * @returns a function that gives the place back when the request has ended, once however often it is called; or why
   *   there is none
   */
  async begin({ id, name, limits }: UsedKey, now = performance.now()): Promise<(() => void) | KeyRefusal> {
    const { requestsPerMinute, concurrentRequests, tokensPerDay } = limits;
    if (tokensPerDay !== undefined) {
      const tokens = await this.#components.tokensOf(id, Date.now() - dayMs);
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
}
