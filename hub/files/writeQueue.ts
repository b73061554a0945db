/** Keeps what nobody waits for: writes go in order, behind the tokens. */
import type { Logger } from 'pino';
import { DomainError } from '../errors/domainError.ts';
import { messageOf } from '../errors/messageOf.ts';

interface Write {
  what: string;
  write: () => Promise<void>;
}

/** How long a write rests that met a full disk, or a database that is locked or away, in milliseconds. */
const defaultRetryMs = 5000;
/** So many writes rest at most: each holds what it writes, such as an answer. */
const mostResting = 2000;
/** Code of the error by which a database says that it is another hub's now. */
const anotherLeads = 'another_hub_leads';
const dropped =
  'another hub leads now: it goes on with the answers of this one, and keeps what comes of them';
/** How long losses for one reason are counted before the log has another line, in milliseconds. */
const tellAgainMs = 60_000;

export class WriteQueue {
  readonly #logger: Logger;
  readonly #retryMs: number;
  #last: Promise<void> = Promise.resolve();
  /** Writes that wait for room on the disk, or for the database; none while all goes well. */
  #resting: Write[] = [];
  #retry: NodeJS.Timeout | undefined;
  #trouble: string | undefined;
  /** Why the log last had something lost. */
  #told: { reason: string; at: number } | undefined;
  /** What was lost since, for the same reason. */
  #untold: string[] = [];

  constructor(logger: Logger, { retryMs = defaultRetryMs } = {}) {
    this.#logger = logger;
    this.#retryMs = retryMs;
  }

  /** Why writes rest; undefined while all goes well. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Writes behind what was given before. A write that meets a full disk, or a database that is locked or away, is tried
   * again until it succeeds; later ones wait behind it. A write that fails otherwise is logged, and nothing else fails for it.
   * @param what for the log, such as `a message`
   */
  write(what: string, write: () => Promise<void>): void {
    this.#last = this.#last.then(async () => {
      this.#resting.push({ what, write });
      if (this.#retry === undefined) await this.#writeAll();
      if (this.#resting.length > mostResting)
        this.#giveUp(this.#resting.shift()?.what, 'too many others wait, too');
    });
  }

  /** Resolves when all that was given so far is on the disk, or rests because the disk takes nothing. Readers wait for it. */
  settled(): Promise<void> {
    return this.#last;
  }

  /** Tries once more what rests; what can't be written now is lost. Resolves when nothing is left to write. */
  async end(): Promise<void> {
    this.#last = this.#last.then(() => this.#writeAll());
    await this.#last;
    clearTimeout(this.#retry);
    const lost = this.#resting.splice(0).map(({ what }) => what);
    this.#tell([...this.#untold.splice(0), ...lost], this.#trouble ?? this.#told?.reason);
  }

  async #writeAll(): Promise<void> {
    const wasResting = this.#retry !== undefined;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (let next = this.#resting[0]; next; next = this.#resting[0]) {
      try {
        await next.write();
      } catch (error) {
        if (passes(error)) {
          const { what } = next;
          if (!wasResting)
            this.#logger.warn({ reason: messageOf(error) }, `${what} waits to be kept in the database`);
          this.#trouble = messageOf(error);
          this.#retryLater();
          return;
        }
        const isAnothers = error instanceof DomainError && error.code === anotherLeads;
        this.#giveUp(next.what, isAnothers ? dropped : messageOf(error));
      }
      this.#resting.shift();
    }
    this.#trouble = undefined;
    if (wasResting) this.#logger.info('all that waited is kept in the database');
  }

  #retryLater(): void {
    this.#retry = setTimeout(() => {
      this.#last = this.#last.then(() => this.#writeAll());
    }, this.#retryMs);
    this.#retry.unref();
  }

  /** One reason may cost many writes: the log has the first at once, and the others together. */
  #giveUp(what: string | undefined, reason: string): void {
    if (what === undefined) return;
    const now = performance.now();
    if (this.#told?.reason === reason && now - this.#told.at < tellAgainMs) {
      this.#untold.push(what);
      return;
    }
    this.#tell(this.#untold.splice(0), this.#told?.reason);
    this.#told = { reason, at: now };
    this.#tell([what], reason);
  }

  #tell(lost: readonly string[], reason: string | undefined): void {
    const [first] = lost;
    if (first === undefined) return;
    const counts: Record<string, number> = {};
    for (const what of lost) counts[what] = (counts[what] ?? 0) + 1;
    const what = lost.length === 1 ? first : `${lost.length} writes`;
    const details = { reason, ...(lost.length > 1 && { lost: counts }) };
    if (reason === dropped) this.#logger.warn(details, `${what} can not be kept by this hub any more`);
    else this.#logger.error(details, `${what} could not be kept in the database`);
  }
}

/** True where trying again can help without anybody changing what is written. */
function passes(error: unknown): boolean {
  return error instanceof DomainError && (error.kind === 'storage' || error.retryAfterSeconds !== undefined);
}
