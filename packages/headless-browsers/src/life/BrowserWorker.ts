/** One browser that is a worker: started, watched, started again after a crash, until it is stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import type { BrowserContext, Page } from 'playwright';
import { chromium } from 'playwright';
import { messageOf, reconnectDelayMs, type Log } from '@potluck/worker';
import type { FoundBrowser } from '../browser/findBrowser.ts';
import { BrowserError, RefusedError } from '../errors.ts';
import { watchWorkerState, type PageState } from './joinPage.ts';
import { pageHangs } from './pageHangs.ts';

/** A browser that ran for this long is not in a crash loop. */
const healthyAfterMs = 60_000;
const closeDeadlineMs = 5_000;

export interface BrowserWorkerInit {
  name: string;
  browser: FoundBrowser;
  flags: readonly string[];
  sandbox: boolean;
  /** Join link with `auto`; the page does the rest. */
  link: string;
  /** The browser's profile: identity and weights. */
  directory: string;
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
      const context = await launch(init);
      hasStarted = true;
      reason = await serve(context, init, log);
    } catch (error) {
      // What started before will start again.
      if (error instanceof RefusedError || (error instanceof BrowserError && !hasStarted)) throw error;
      reason = messageOf(error).split('\n')[0] ?? '';
    }
    if (signal.aborted) break;
    failures = performance.now() - startedAt > healthyAfterMs ? 1 : failures + 1;
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

async function launch({ browser, directory, flags, sandbox }: BrowserWorkerInit): Promise<BrowserContext> {
  try {
    return await chromium.launchPersistentContext(directory, {
      executablePath: browser.path,
      args: [...flags],
      chromiumSandbox: sandbox,
      env: environmentOf(browser),
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
      viewport: null,
    });
  } catch (cause) {
    throw launchError(browser.path, sandbox, cause);
  }
}

function environmentOf(browser: FoundBrowser): Record<string, string> {
  const own = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...Object.fromEntries(own), ...browser.environment };
}

/** A browser that did not start, with the way out. */
function launchError(path: string, sandbox: boolean, cause: unknown): BrowserError {
  const text = messageOf(cause);
  if (sandbox && /No usable sandbox|without --no-sandbox is not supported/.test(text)) {
    return new BrowserError(`${path} can't use its sandbox here. Run it without: --no-sandbox`, { cause });
  }
  const library = /error while loading shared libraries: (\S+):/.exec(text)?.[1];
  if (library !== undefined) {
    return new BrowserError(
      `${path} lacks ${library}. Install what Chromium needs (\`npx playwright install-deps chromium\`).`,
      { cause },
    );
  }
  const said = /\[err\] (.+)/.exec(text)?.[1] ?? text.split('\n')[0] ?? '';
  return new BrowserError(
    `${path} does not start: ${said.trim()}\nName another Chromium or Chrome with --browser PATH.`,
    { cause },
  );
}

async function open(page: Page, link: string, log: Log): Promise<void> {
  const response = await page.goto(link, { waitUntil: 'domcontentloaded' });
  if (response && !response.ok()) throw new Error(`the join page answers ${response.status()}`);
  const gpu = await page.evaluate(describeGpu);
  log.info(
    { gpu },
    gpu === undefined ? 'opened the join page, without a GPU' : `opened the join page; GPU: ${gpu}`,
  );
}

/** Runs in the page. */
async function describeGpu(): Promise<string | undefined> {
  interface Adapter {
    info?: { vendor: string; architecture: string; description: string };
  }
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter();
  if (!adapter) return undefined;
  const { description = '', vendor = '', architecture = '' } = adapter.info ?? {};
  return description || `${vendor} ${architecture}`.trim() || 'unnamed';
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
