/** A Chromium for tests, from wherever `potluck browsers` would take it. */
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser, gpuFlags, type FoundBrowser } from '@potluck/headless-browsers';
import { chromium, type Browser } from 'playwright';

/** Unpacking npm's Chromium takes a while, so all tests share it. */
export async function testBrowser(): Promise<FoundBrowser> {
  const cacheDirectory = join(tmpdir(), 'potluck-browser-tests');
  await mkdir(cacheDirectory, { recursive: true });
  return findBrowser({ cacheDirectory });
}

/** @param flags of this test, beside those that give it a GPU in software */
export async function launchTestBrowser(flags: string[] = []): Promise<Browser & AsyncDisposable> {
  const { path, environment } = await testBrowser();
  return chromium.launch({
    executablePath: path,
    env: { ...(process.env as Record<string, string>), ...environment },
    args: ['--no-sandbox', ...gpuFlags('swiftshader'), ...flags],
  });
}
