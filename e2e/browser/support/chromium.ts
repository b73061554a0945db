/** A Chromium for tests: the system's, or npm's; with WebGPU on SwiftShader. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser } from '@playwright/test';

const systemBrowsers = ['/usr/bin/chromium', '/usr/bin/google-chrome'];
const systemFonts = '/etc/fonts';
const flags = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--disable-background-networking',
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** @param more flags of this test */
export async function launchChromium(more: string[] = []): Promise<Browser> {
  const { executablePath, env } = await findChromium();
  return chromium.launch({ executablePath, env, args: [...flags, ...more] });
}

async function findChromium(): Promise<{ executablePath: string; env: NodeJS.ProcessEnv }> {
  const named = process.env.POTLUCK_CHROMIUM ?? systemBrowsers.find((path) => existsSync(path));
  if (named !== undefined) return { executablePath: named, env: process.env };
  // The package unpacks into the folder for temporary files, and takes whatever lies there under its name.
  const folder = join(tmpdir(), 'potluck-chromium-153');
  await mkdir(folder, { recursive: true });
  const before = { ...process.env };
  Object.assign(process.env, { TMPDIR: folder, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' });
  // Its own few fonts end the browser at a character that they lack.
  if (existsSync(systemFonts)) process.env.FONTCONFIG_PATH = systemFonts;
  try {
    const { default: packaged } = await import('@sparticuz/chromium');
    const executablePath = await packaged.executablePath();
    return { executablePath, env: { ...process.env } };
  } finally {
    process.env = before;
  }
}
