/** Starts a Chromium with a profile of its own, in a window that nobody sees where it needs one. */
import { chromium, type BrowserContext } from 'playwright';
import { environmentForChild } from '@potluck/machine';
import { messageOf } from '@potluck/worker';
import { startDisplay } from '../display/startDisplay.ts';
import { BrowserError } from '../errors.ts';
import type { FoundBrowser } from './findBrowser.ts';

export interface LaunchInit {
  browser: FoundBrowser;
  flags: readonly string[];
  sandbox: boolean;
  /** Xvfb, for a browser that must not be headless; undefined: headless. */
  xvfb: string | undefined;
  /** The browser's profile: identity and weights. */
  directory: string;
}

/** @throws BrowserError with the way out */
export async function launchBrowser(init: LaunchInit): Promise<BrowserContext> {
  const { browser, flags, sandbox, xvfb, directory } = init;
  const display = xvfb === undefined ? undefined : await startDisplay(xvfb);
  try {
    const context = await chromium.launchPersistentContext(directory, {
      executablePath: browser.path,
      args: [...flags, ...(display ? ['--ozone-platform=x11'] : [])],
      headless: display === undefined,
      chromiumSandbox: sandbox,
      env: { ...environmentForChild(), ...browser.environment, ...(display && { DISPLAY: display.name }) },
      handleSIGHUP: false,
      handleSIGINT: false,
      handleSIGTERM: false,
      viewport: null,
    });
    context.once('close', () => display?.close());
    return context;
  } catch (cause) {
    display?.close();
    throw launchError(browser.path, sandbox, cause);
  }
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
