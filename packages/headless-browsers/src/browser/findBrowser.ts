/** Which Chromium to run: the one that was named, Playwright's own, the system's, or npm's @sparticuz/chromium. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { chromium } from 'playwright';
import { BrowserError } from '../errors.ts';

export interface FoundBrowser {
  path: string;
  from: 'named' | 'playwright' | 'system' | 'npm';
  /** What it needs in its environment beside this process's. */
  environment: Record<string, string>;
}

export interface FindBrowserInit {
  /** `--browser`: a path; nothing else is looked at then. */
  named?: string | undefined;
  /** Where npm's Chromium is unpacked. */
  cacheDirectory: string;
  environment?: NodeJS.ProcessEnv;
}

const commands = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const systemFonts = '/etc/fonts/fonts.conf';
/** Where Chrome lies on systems that don't put programs on the path. */
const places: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LOCALAPPDATA'].flatMap((variable) => {
    const base = process.env[variable];
    return base ? [join(base, 'Google', 'Chrome', 'Application', 'chrome.exe')] : [];
  }),
};

/** @throws BrowserError that says how to get one */
export async function findBrowser({
  named,
  cacheDirectory,
  environment = process.env,
}: FindBrowserInit): Promise<FoundBrowser> {
  if (named !== undefined) {
    if (isProgram(named)) return { path: named, from: 'named', environment: {} };
    throw new BrowserError(
      `--browser ${named} is no program. Give the path of a Chromium or Chrome, or leave it out.`,
    );
  }
  const own = chromium.executablePath();
  if (isProgram(own)) return { path: own, from: 'playwright', environment: {} };
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = folders.flatMap((folder) => commands.map((command) => join(folder, command)));
  const system = [...candidates, ...(places[process.platform] ?? [])].find(isProgram);
  if (system !== undefined) return { path: system, from: 'system', environment: {} };
  const packaged = await unpackFromNpm(cacheDirectory);
  if (packaged) return packaged;
  throw new BrowserError(
    'There is no Chromium here. Get one with `npx playwright install chromium`, or install Chrome or Chromium, ' +
      'or name one with --browser PATH. On Linux x64, `npm install @sparticuz/chromium` brings one too.',
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * The package unpacks into the folder for temporary files, takes whatever lies there under its name, and brings
 * libraries that servers often lack only where it believes to run at Amazon's. So that nobody takes what another process
 * has half unpacked, it unpacks into a folder of its own, which then gets its name.
 */
async function unpackFromNpm(cacheDirectory: string): Promise<FoundBrowser | undefined> {
  const version = packageVersion();
  if (version === undefined) return undefined;
  const folder = join(cacheDirectory, `chromium-${version}`);
  const path = join(folder, 'chromium');
  const before = { ...process.env };
  try {
    const { default: packaged, setupLambdaEnvironment } = await import('@sparticuz/chromium');
    if (!isProgram(path)) {
      await mkdir(cacheDirectory, { recursive: true });
      const own = await mkdtemp(`${folder}-`);
      try {
        Object.assign(process.env, { TMPDIR: own, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' });
        await packaged.executablePath();
        // Fails where another process was first.
        await rename(own, folder).catch((error: unknown) => {
          if (!isProgram(path)) throw error;
        });
      } finally {
        await rm(own, { recursive: true, force: true });
      }
    }
    process.env['TMPDIR'] = folder;
    setupLambdaEnvironment(join(folder, 'al2023', 'lib'));
    const environment = changes(before, process.env);
    delete environment['TMPDIR'];
    delete environment['AWS_LAMBDA_JS_RUNTIME'];
    // With the few fonts that it brings, it crashes on pages that ask for others (seen with 153).
    if (existsSync(systemFonts)) delete environment['FONTCONFIG_PATH'];
    return { path, from: 'npm', environment };
  } catch (cause) {
    throw new BrowserError(`npm's @sparticuz/chromium could not be unpacked into ${folder}`, { cause });
  } finally {
    for (const name of Object.keys(changes(before, process.env))) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

function packageVersion(): string | undefined {
  try {
    const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    const file = join(dirname(main), '..', 'package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return undefined;
  }
}

function changes(before: NodeJS.ProcessEnv, after: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(after).flatMap(([name, value]) =>
      value !== undefined && before[name] !== value ? [[name, value]] : [],
    ),
  );
}
