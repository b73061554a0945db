/** One browser that is a worker: started, watched, started again after a crash, until it is stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright';
import { messageOf, reconnectDelayMs, type Log } from '@potluck/worker';
import { readAdapter } from '../browser/readAdapter.ts';
import { describeAdapter } from '../browser/judgeAdapter.ts';
import { launchBrowser, type LaunchInit } from '../browser/launchBrowser.ts';
import { BrowserError, RefusedError } from '../errors.ts';
import { noFonts } from '../browser/fonts.ts';
import { watchWorkerState, type PageState } from './joinPage.ts';
import { pageHangs } from './pageHangs.ts';

/** A browser that ran for this long is not in a crash loop. */
const healthyAfterMs = 60_000;
const closeDeadlineMs = 5_000;
const mostFailuresWithoutFonts = 3;

export interface BrowserWorkerInit extends LaunchInit {
  name: string;
  /** Join link with `auto`; the page does the rest. */
  link: string;
  /** False where Chromium may end itself because the machine has none. */
  hasFonts: boolean;
  signal: AbortSignal;
}

/**
 * Runs one browser until the signal stops it.
 * @throws RefusedError if the hub will not have it, BrowserError if the browser does not start at all
 */
export async function runBrowserWorker({ log }: { log: Log }, init: BrowserWorkerInit): Promise<void> {
  const { signal } = init;
  let hasStarted = false;
  for (let failures = 0; !signal.aborted;) {
    const startedAt = performance.now();
    let reason: string;
    try {
      const context = await launchBrowser(init);
      hasStarted = true;
      reason = await serve(context, init, log);
    } catch (error) {
      // What started before will start again.
      if (error instanceof RefusedError || (error instanceof BrowserError && !hasStarted)) throw error;
      reason = messageOf(error).split('\n')[0] ?? '';
    }
    if (signal.aborted) break;
    failures = performance.now() - startedAt > healthyAfterMs ? 1 : failures + 1;
    if (!init.hasFonts && failures >= mostFailuresWithoutFonts)
      throw new BrowserError(`${reason}. ${noFonts}`);
    const delayMs = Math.round(reconnectDelayMs(failures, Math.random()));
    log.warn({ reason, delayMs }, 'the browser ended; starting it again');
    await pause(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** @returns why it ended */
async function serve(context: BrowserContext, init: BrowserWorkerInit, log: Log): Promise<string> {
  const over = new AbortController();
  try {
    const ended = Promise.withResolvers<string>();
    const onAbort = (): void => ended.resolve('it was stopped');
    init.signal.addEventListener('abort', onAbort, { once: true });
    context.once('close', () => ended.resolve('the browser was closed or crashed'));
    const page = context.pages()[0] ?? (await context.newPage());
    page.once('crash', () => ended.resolve('the page crashed'));
    page.once('close', () => ended.resolve('the page was closed'));
    listenTo(page, log);
    await watchWorkerState(page, (state) => follow(state, ended, log));
    const opened = open(page, init.link, log);
    opened.catch(ended.reject);
    void pageHangs(page, over.signal).then(() => ended.resolve('the page stands still'));
    const reason = await ended.promise.finally(() => init.signal.removeEventListener('abort', onAbort));
    return reason;
  } finally {
    over.abort();
    await close(context, log);
  }
}

async function open(page: Page, link: string, log: Log): Promise<void> {
  const response = await page.goto(link, { waitUntil: 'domcontentloaded' });
  if (response && !response.ok()) throw new Error(`the join page answers ${response.status()}`);
  const adapter = await readAdapter(page);
  const gpu = adapter && describeAdapter(adapter);
  log.info(
    { gpu },
    gpu === undefined ? 'opened the join page, without a GPU' : `opened the join page; GPU: ${gpu}`,
  );
}

function listenTo(page: Page, log: Log): void {
  page.on('console', (message) => {
    const text = message.text();
    switch (message.type()) {
      case 'error':
        return log.error({}, text);
      case 'warning':
        return log.warn({}, text);
      default:
        return log.debug({}, text);
    }
  });
  page.on('pageerror', (error) => log.error({ error: error.message }, 'the page failed'));
}

function follow({ state, problem }: PageState, ended: PromiseWithResolvers<string>, log: Log): void {
  log.info({ state, ...(problem !== undefined && { problem }) }, `worker ${state}`);
  if (state === 'refused') ended.reject(new RefusedError(problem ?? 'the hub refuses this worker'));
}

/** Closes the page first, so that the hub hears of it; a browser that hangs is not waited for. */
async function close(context: BrowserContext, log: Log): Promise<void> {
  const closed = (async () => {
    for (const page of context.pages()) await page.close();
    await context.close();
  })();
  const late = new AbortController();
  await Promise.race([
    closed.catch((error: unknown) => log.debug({ reason: messageOf(error) }, 'the browser was gone already')),
    pause(closeDeadlineMs, undefined, { signal: late.signal }).catch(() => undefined),
  ]);
  late.abort();
}
