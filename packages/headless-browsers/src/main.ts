/** `potluck browsers`: reads the settings, runs the browsers, ends when asked to. */
import { join } from 'node:path';
import { createLogger, SettingsError } from '@potluck/command-line';
import { awaitHub, runInDataDirectory } from '@potluck/node-worker/joining';
import { CertificateError, effectiveMemoryBytes, ProxySettingsError, proxySettings } from '@potluck/machine';
import { joinLink } from '@potluck/protocol';
import { messageOf } from '@potluck/worker';
import { chooseGpu } from './browser/chooseGpu.ts';
import { findBrowser, type FoundBrowser } from './browser/findBrowser.ts';
import { gpuFlags, resolveGpu } from './browser/gpuFlags.ts';
import { launchFlags } from './browser/launchFlags.ts';
import { hasFonts, noFonts } from './browser/fonts.ts';
import { proxyEnvironment } from './browser/proxyEnvironment.ts';
import { tryGpu } from './browser/tryGpu.ts';
import { findXvfb } from './display/startDisplay.ts';
import { BrowserError, RefusedError } from './errors.ts';
import { runBrowserWorker } from './life/browserWorker.ts';
import { readSettings, type BrowsersSettings } from './settings/settings.ts';

/**
 * Runs browsers until they are stopped. Problems of the person's making are printed as one message and set the exit
 * code (2: wrong flags; 1: no browser, refused by the hub, or a hub that is not to be trusted).
 * @param args what comes after `potluck browsers`
 */
export async function runBrowsers(args: string[]): Promise<void> {
  try {
    const settings = readSettings(args, (text) => process.stdout.write(text));
    // The browsers end with this process, however it ends.
    if (settings) await runInDataDirectory(settings.dataDirectory, (stopping) => serve(settings, stopping));
  } catch (error) {
    if (error instanceof SettingsError || error instanceof ProxySettingsError) process.exitCode = 2;
    else if (isExplained(error)) process.exitCode = 1;
    else throw error;
    process.stderr.write(`potluck browsers: ${(error as Error).message}\n`);
  }
}

function isExplained(error: unknown): boolean {
  return error instanceof BrowserError || error instanceof CertificateError || error instanceof RefusedError;
}

async function serve(settings: BrowsersSettings, signal: AbortSignal): Promise<void> {
  const { hubUrl, token, name, count, dataDirectory, memoryBytes } = settings;
  const logger = await createLogger({ ...settings, to: 1, isTerminal: process.stdout.isTTY });
  const found = await findBrowser({ named: settings.browser, cacheDirectory: dataDirectory });
  const browser: FoundBrowser = {
    ...found,
    environment: { ...found.environment, ...proxyEnvironment(hubUrl, proxySettings()) },
  };
  const pinned = await awaitHub({ log: logger }, { hubUrl, fingerprint: settings.fingerprint, signal }).catch(
    (error: unknown) => {
      if (!signal.aborted) throw error;
      return undefined;
    },
  );
  if (signal.aborted) return;
  // As root there is no sandbox, and npm's Chromium brings none.
  const sandbox = settings.sandbox && process.getuid?.() !== 0 && browser.from !== 'npm';
  const hasSomeFonts = hasFonts({ ...process.env, ...browser.environment });
  if (!hasSomeFonts) logger.warn({}, noFonts);
  const { gpu, xvfb } = await chooseGpu(
    {
      log: logger,
      tryWay: (way) =>
        tryGpu(way.gpu, {
          browser,
          sandbox,
          directory: dataDirectory,
          flags: gpuFlags(way.gpu),
          xvfb: way.xvfb,
        }),
    },
    resolveGpu(settings.gpu),
    findXvfb(),
  );
  if (signal.aborted) return;
  logger.info({ browser: browser.path, from: browser.from, gpu, count }, `starting ${count} browsers`);
  const flags = [...gpuFlags(gpu), ...launchFlags({ hubUrl, pinned })];
  const workers = Array.from({ length: count }, (_, index) => {
    const own = `${name}-${index + 1}`;
    const link = joinLink({
      hubUrl,
      token,
      auto: true,
      name: own,
      // A browser knows the machine's memory, and neither a container's limit nor its siblings.
      mainMemoryBytes: Math.floor(effectiveMemoryBytes() / count),
      ...(memoryBytes !== undefined && { memoryBytes }),
    });
    const directory = join(dataDirectory, `browser-${index + 1}`);
    const log = logger.child({ worker: own });
    const init = {
      name: own,
      browser,
      flags,
      sandbox,
      xvfb,
      link,
      directory,
      signal,
      hasFonts: hasSomeFonts,
    };
    return runBrowserWorker({ log }, init).catch((error: unknown) => {
      log.error({ reason: messageOf(error) }, 'this browser is given up');
      throw error;
    });
  });
  const ends = await Promise.allSettled(workers);
  logger.info('stopped');
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
