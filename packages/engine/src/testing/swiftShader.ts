/**
 * A GPU in software for tests on Linux: SwiftShader's Vulkan driver, as `@sparticuz/chromium` brings it. Vulkan's loader
 * reads its environment when a process starts, so what needs it runs in a child process.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';

const run = promisify(execFile);

/** Removes what was unpacked when it is disposed of with `await using`. */
export interface SwiftShader extends AsyncDisposable {
  /** Environment variables for the child process. */
  environment: Record<string, string>;
}

/** @returns undefined where it can't be had: other systems, or the package was left out */
export async function unpackSwiftShader(): Promise<SwiftShader | undefined> {
  const archive = archiveFile();
  if (process.platform !== 'linux' || process.arch !== 'x64' || archive === undefined) return undefined;
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-swiftshader-'));
  const tar = path.join(directory, 'swiftshader.tar');
  await writeFile(tar, brotliDecompressSync(await readFile(archive)));
  await run('tar', ['-xf', tar, '-C', directory]);
  const driver = path.join(directory, 'vk_swiftshader_icd.json');
  return {
    environment: { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: directory },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

function archiveFile(): string | undefined {
  try {
    const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
    // The package exports no paths; its archives are in bin/, some folders above the entry.
    for (let folder = path.dirname(entry); folder !== path.dirname(folder); folder = path.dirname(folder)) {
      const file = path.join(folder, 'bin', 'swiftshader.tar.br');
      if (existsSync(file)) return file;
    }
  } catch {
    return undefined;
  }
  return undefined;
}
