/** Vulkan on the processor, from the Chromium that is installed for tests: what a child process needs to find it. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

export interface SoftwareVulkan {
  environment: NodeJS.ProcessEnv;
  remove: () => void;
}

/** @returns undefined where that Chromium is not installed, or not for this machine */
export function softwareVulkan(): SoftwareVulkan | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const require = createRequire(import.meta.url);
  const archive = join(dirname(require.resolve('@sparticuz/chromium')), '..', 'bin', 'swiftshader.tar.br');
  const found = [
    archive,
    join(process.cwd(), 'node_modules/@sparticuz/chromium/bin/swiftshader.tar.br'),
  ].find(existsSync);
  if (found === undefined) return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'potluck-vulkan-'));
  const tar = join(directory, 'swiftshader.tar');
  writeFileSync(tar, brotliDecompressSync(readFileSync(found)));
  execFileSync('tar', ['xf', tar, '-C', directory]);
  const driver = join(directory, 'vk_swiftshader_icd.json');
  return {
    environment: { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: directory },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
