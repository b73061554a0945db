import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StorageError } from '../files/storageError.ts';
import { BlobStore } from './blobStore.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-blobs-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const bytes = new TextEncoder().encode('some weights');
const sha256 = createHash('sha256').update(bytes).digest('hex');

test('a blob is named by the hash of its bytes', async () => {
  const store = new BlobStore(directory);
  const blob = await store.put(bytes);
  expect(blob).toEqual({ sha256, size: bytes.length });
  expect(await store.size(blob.sha256)).toBe(bytes.length);
  expect(new Uint8Array((await store.read(blob.sha256)) ?? [])).toEqual(bytes);
  expect(await readdir(path.join(directory, sha256.slice(0, 2)))).toEqual([sha256]);
});

test('a damaged blob is not given out, and can be put again', async () => {
  const store = new BlobStore(directory);
  const blob = await store.put(bytes);
  await writeFile(path.join(directory, sha256.slice(0, 2), sha256), 'some weightz');
  expect(await store.read(blob.sha256)).toBeUndefined();
  await store.put(bytes);
  expect(await store.read(blob.sha256)).toBeDefined();
});

test('a blob that is too short is written again', async () => {
  const store = new BlobStore(directory);
  const blob = await store.put(bytes);
  await writeFile(path.join(directory, sha256.slice(0, 2), sha256), 'some');
  await store.put(bytes);
  expect(await store.size(blob.sha256)).toBe(bytes.length);
});

test('where a blob can not be written the error says so and nothing is left under its name', async () => {
  await writeFile(path.join(directory, sha256.slice(0, 2)), 'a file where a folder should be');
  const store = new BlobStore(directory);
  await expect(store.put(bytes)).rejects.toThrow(StorageError);
  expect(await readdir(directory)).toEqual([sha256.slice(0, 2)]);
});
