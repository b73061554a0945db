/** Remembers that requests without a key looked as if a proxy on this machine had passed them on. */
import type { Logger } from 'pino';

export interface ProxySign {
  /** When a request last looked like that, Unix time in milliseconds. */
  at: number;
  /** What made it look like that, in words. */
  sign: string;
}

/** The log says it at most this often. */
const logEveryMs = 3_600_000;

export class ProxySigns {
  readonly #logger: Pick<Logger, 'warn'>;
  #last: ProxySign | undefined;
  #loggedAt = -Infinity;

  constructor({ logger }: { logger: Pick<Logger, 'warn'> }) {
    this.#logger = logger;
  }

  /** The latest sign; undefined where there was none since the hub started. */
  get last(): ProxySign | undefined {
    return this.#last;
  }

  note(sign: string, now = Date.now()): void {
    this.#last = { at: now, sign };
    if (now - this.#loggedAt < logEveryMs) return;
    this.#loggedAt = now;
    this.#logger.warn(
      `a request without a key came from this machine and looks as if a proxy passed it on (${sign}). ` +
        'If a proxy serves this hub to others, start the hub with --behind-proxy: then everybody needs a key or a login',
    );
  }
}
