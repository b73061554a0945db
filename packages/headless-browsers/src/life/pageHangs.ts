/** Finds out that a page stands still, which no event tells. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright';

const askEveryMs = 10_000;
/** Models run in web workers, so that the page itself always has time; the whole machine may be busy, though. */
const answerWithinMs = 20_000;
/** A timer that is later than this says that the machine slept: then the page had no time to answer either. */
const mostTimerDelayMs = 2_000;

/** Asks the page now and then whether it is alive. Resolves when it does not answer; never, once the signal is aborted. */
export async function pageHangs(page: Page, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(askEveryMs, undefined, { signal }).catch(() => undefined);
    const late = new AbortController();
    const askedAt = performance.now();
    const isAlive = await Promise.race([
      // A page that is gone is not one that hangs: others tell of that.
      page.evaluate(() => true).catch(() => true),
      pause(answerWithinMs, false, { signal: late.signal }).catch(() => true),
    ]);
    late.abort();
    if (signal.aborted) return new Promise(() => undefined);
    const hasSlept = performance.now() - askedAt > answerWithinMs + mostTimerDelayMs;
    if (!isAlive && !hasSlept) return;
  }
}
