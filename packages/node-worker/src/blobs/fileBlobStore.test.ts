import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sha256 } from '@potluck/protocol';
import { StorageFullError } from '@potluck/worker';
import { runBlobStoreTests } from '@potluck/worker/testing';
import { afterAll, expect, it } from 'vitest';
import { fileBlobStore } from './fileBlobStore.ts';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'potluck-blobs-'));
  directories.push(directory);
  return directory;
}

runBlobStoreTests('a folder', async () => {
  const directory = freshDirectory();
  return () => fileBlobStore(directory);
});

const sha256 = Sha256.parse('0'.repeat(64));

it('leaves nothing behind for a blob of which nothing came', async () => {
  const directory = freshDirectory();
  const partial = await (await fileBlobStore(directory)).openPartial(sha256);
  await partial.close();
  expect(readdirSync(directory)).toEqual([]);
});

// POTLUCK_TEST_FULL_DISK names a folder on a tiny file system of its own, such as a tmpfs of 1 MiB.
const tinyDisk = process.env['POTLUCK_TEST_FULL_DISK'];
it.skipIf(tinyDisk === undefined)('says so when the disk is full', async () => {
  const store = await fileBlobStore(join(tinyDisk as string, 'blobs'));
  const partial = await store.openPartial(sha256);
  await expect(partial.append(new Uint8Array(4 * 1024 * 1024))).rejects.toThrow(StorageFullError);
  await partial.discard();
  await partial.close();
});
