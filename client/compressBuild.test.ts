import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressBuild } from './compressBuild.js';

test('large scripts and WebAssembly get a compressed copy beside them', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-build-'));
  try {
    const large = 'x'.repeat(300_000);
    await mkdir(path.join(directory, 'workers'));
    await writeFile(path.join(directory, 'workers/runtime.wasm'), large);
    await writeFile(path.join(directory, 'small.js'), 'start()');
    await writeFile(path.join(directory, 'picture.webp'), large);
    await compressBuild(directory);
    expect((await readdir(directory)).sort()).toEqual(['picture.webp', 'small.js', 'workers']);
    expect((await readdir(path.join(directory, 'workers'))).sort()).toEqual([
      'runtime.wasm',
      'runtime.wasm.gz',
    ]);
    expect(gunzipSync(await readFile(path.join(directory, 'workers/runtime.wasm.gz'))).toString()).toBe(
      large,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});
