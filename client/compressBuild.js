// @ts-check
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Bytes from which on a file is worth it: smaller ones a hub compresses in some milliseconds. */
const leastBytes = 256 * 1024;
const compress = promisify(gzip);

/**
 * Puts a compressed copy beside each large script and each large WebAssembly file of a build, which a hub would make at every
 * start: up to a second of a processor for each.
 * @param {string} directory the built app's
 */
export async function compressBuild(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  for (const { name, parentPath } of entries.filter((entry) => entry.isFile())) {
    if (!/\.(?:js|mjs|wasm)$/.test(name)) continue;
    const file = path.join(parentPath, name);
    const bytes = await readFile(file);
    if (bytes.byteLength >= leastBytes) await writeFile(`${file}.gz`, await compress(bytes));
  }
}
