/** The one Chromium in which both sides run. */
import { findBrowser, gpuFlags, type Gpu } from '@potluck/headless-browsers';
import { chromium, type Browser } from 'playwright';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const flags = ['--disable-background-networking', '--disable-features=WebRtcHideLocalIpsWithMdns'];

/** @param named path of a Chromium; one is looked for by default */
export async function launchChromium(gpu: Gpu, named: string | undefined): Promise<Browser> {
  const found = await findBrowser({ named, cacheDirectory: join(tmpdir(), 'potluck-browsers') });
  return chromium.launch({
    executablePath: found.path,
    args: [...flags, ...gpuFlags(gpu)],
    chromiumSandbox: false,
    env: { ...process.env, ...found.environment },
  });
}
