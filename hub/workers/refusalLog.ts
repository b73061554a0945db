/** Says in the log who was refused. Anybody may knock as often as they like, so a kind of refusal is a line at once, and then one a minute. */
import type { RefusalCode } from '@potluck/protocol';
import type { Logger } from 'pino';

const defaultEveryMs = 60_000;

interface Since {
  refused: number;
  /** Of the last one. */
  reason: string;
}

export interface RefusalLogComponents {
  logger: Pick<Logger, 'warn'>;
  /** Told of each first refusal of a kind, as the log is. */
  refused?: (refusal: { code: RefusalCode; worker: string | undefined; reason: string }) => void;
}

export class RefusalLog {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #refused: RefusalLogComponents['refused'];
  readonly #everyMs: number;
  /** What was refused since the last line, by kind; there are as many as codes at most. */
  readonly #since = new Map<RefusalCode, Since>();

  constructor({ logger, refused }: RefusalLogComponents, { everyMs = defaultEveryMs } = {}) {
    this.#logger = logger;
    this.#refused = refused;
    this.#everyMs = everyMs;
  }

  note(code: RefusalCode, { worker, reason }: { worker: string | undefined; reason: string }): void {
    const since = this.#since.get(code);
    if (since) {
      since.refused += 1;
      since.reason = reason;
      return;
    }
    this.#logger.warn({ worker, code, reason }, 'worker refused');
    this.#refused?.({ worker, code, reason });
    this.#begin(code);
  }

  #begin(code: RefusalCode): void {
    const since: Since = { refused: 0, reason: '' };
    this.#since.set(code, since);
    setTimeout(() => {
      this.#since.delete(code);
      if (since.refused === 0) return;
      this.#logger.warn({ code, ...since }, 'more workers refused, the last one for this reason');
      this.#begin(code);
    }, this.#everyMs).unref();
  }
}
