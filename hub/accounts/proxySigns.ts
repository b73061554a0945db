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
/** One person tries the app in two browsers, and in several profiles of one: those have connections of their own. */
const manyBrowsers = 3;
const browsersWithinMs = 3_600_000;

/** What is known of a browser's request. */
export interface BrowserRequest {
  /** Over which it came: no two browsers of one machine share one. */
  connection?: object | undefined;
  userAgent?: string | undefined;
}

interface SeenBrowser {
  at: number;
  /** It asked over a connection that another one used as well. */
  sharesConnection: boolean;
  system: string | undefined;
}

export class ProxySigns {
  readonly #logger: Pick<Logger, 'warn'>;
  #last: ProxySign | undefined;
  #loggedAt = -Infinity;
  /** When each was here last, the longest ago first. */
  readonly #browsers = new Map<string, SeenBrowser>();
  /** Which browser a connection carried last. */
  readonly #carried = new WeakMap<object, string>();

  constructor({ logger }: { logger: Pick<Logger, 'warn'> }) {
    this.#logger = logger;
  }

  /** The latest sign; undefined where there was none since the hub started. */
  get last(): ProxySign | undefined {
    return this.#last;
  }

  /**
   * A browser asked from this machine without a login. Through a proxy that can't be told from a program, everybody's would:
   * over connections that they share, and from different systems.
   */
  noteBrowser(browser: string, { connection, userAgent = '' }: BrowserRequest = {}, now = Date.now()): void {
    const before = this.#browsers.get(browser);
    const carried = connection && this.#carried.get(connection);
    if (connection) this.#carried.set(connection, browser);
    const sharesConnection =
      (before?.sharesConnection ?? false) || (carried !== undefined && carried !== browser);
    this.#browsers.delete(browser);
    this.#browsers.set(browser, { at: now, sharesConnection, system: systemOf(userAgent) });
    for (const [one, { at }] of this.#browsers) {
      if (this.#browsers.size <= manyBrowsers && now - at < browsersWithinMs) break;
      this.#browsers.delete(one);
    }
    if (this.#browsers.size < manyBrowsers) return;
    const seen = [...this.#browsers.values()];
    if (seen.some((one) => one.sharesConnection))
      this.note(`${manyBrowsers} different browsers within an hour, some on one connection`, now);
    else if (new Set(seen.map(({ system }) => system)).size > 1)
      this.note(`${manyBrowsers} browsers of different systems within an hour`, now);
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

/** As browsers tell it. */
function systemOf(userAgent: string): string | undefined {
  return /Android|iPhone|iPad|Windows|Macintosh|CrOS|Linux/.exec(userAgent)?.[0];
}
