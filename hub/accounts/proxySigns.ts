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
/** One person tries the app in two browsers. */
const manyBrowsers = 3;
const browsersWithinMs = 3_600_000;

export class ProxySigns {
  readonly #logger: Pick<Logger, 'warn'>;
  #last: ProxySign | undefined;
  #loggedAt = -Infinity;
  /** When each was here last, the longest ago first. */
  readonly #browsers = new Map<string, number>();

  constructor({ logger }: { logger: Pick<Logger, 'warn'> }) {
    this.#logger = logger;
  }

  /** The latest sign; undefined where there was none since the hub started. */
  get last(): ProxySign | undefined {
    return this.#last;
  }

  /** A browser asked from this machine without a login. Through a proxy that can't be told from a program, everybody's would. */
  noteBrowser(browser: string, now = Date.now()): void {
    this.#browsers.delete(browser);
    this.#browsers.set(browser, now);
    for (const [one, at] of this.#browsers) {
      if (this.#browsers.size <= manyBrowsers && now - at < browsersWithinMs) break;
      this.#browsers.delete(one);
    }
    if (this.#browsers.size === manyBrowsers)
      this.note(`${manyBrowsers} different browsers within an hour`, now);
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
