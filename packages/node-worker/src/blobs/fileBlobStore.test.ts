import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sha256 } from '@potluck/protocol';
import { StorageFullError } from '@potluck/worker';
import { runBlobStoreTests } from '@potluck/worker/testing';
import { afterAll, describe, expect, it } from 'vitest';
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
  return () => fileBlobStore({ directory });
});

const sha256 = Sha256.parse('0'.repeat(64));

it('leaves nothing behind for a blob of which nothing came', async () => {
  const directory = freshDirectory();
  const partial = await (await fileBlobStore({ directory })).openPartial(sha256);
  await partial.close();
  expect(readdirSync(directory)).toEqual([]);
});

// A device of Linux, as full as can be.
it.skipIf(process.platform !== 'linux')('says so when the disk is full', async () => {
  const directory = freshDirectory();
  symlinkSync('/dev/full', join(directory, `${sha256}.partial`));
  const partial = await (await fileBlobStore({ directory })).openPartial(sha256);
  await expect(partial.append(new Uint8Array(1))).rejects.toThrow(StorageFullError);
  await partial.close();
});

describe('the blobs of a hub on the same machine', () => {
  const bytes = new TextEncoder().encode('some weights');
  const share = (): { directory: string; shared: string; file: string } => {
    const shared = freshDirectory();
    mkdirSync(join(shared, '00'));
    const file = join(shared, '00', sha256);
    writeFileSync(file, bytes);
    return { directory: freshDirectory(), shared, file };
  };

  it('are read and laid out where they are, without a copy', async () => {
    const { directory, shared } = share();
    const store = await fileBlobStore({ directory, shared });
    expect([await store.list(), await store.sizeOf(sha256)]).toEqual([[sha256], bytes.byteLength]);
    expect(await store.read(sha256)).toEqual(bytes);
    const parts = [{ sha256, offset: 0, length: bytes.byteLength }];
    const folder = await store.layOut?.([{ path: 'weights', parts }]);
    expect(new Uint8Array(readFileSync(join(folder?.path ?? '', 'weights')))).toEqual(bytes);
    await folder?.remove();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('stay as they are when room is wanted, and one that is damaged is fetched and kept here', async () => {
    const { directory, shared, file } = share();
    const store = await fileBlobStore({ directory, shared });
    expect(await store.removeUnheld?.(sha256)).toBe(false);
    await store.remove(sha256);
    expect([await store.sizeOf(sha256), await store.list()]).toEqual([undefined, []]);
    const partial = await store.openPartial(sha256);
    await partial.append(new Uint8Array([1]));
    await partial.commit();
    await partial.close();
    expect(await store.read(sha256)).toEqual(new Uint8Array([1]));
    expect(new Uint8Array(readFileSync(file))).toEqual(bytes);
  });

  it('take the place of copies that were made before', async () => {
    const { directory, shared } = share();
    writeFileSync(join(directory, sha256), bytes);
    const store = await fileBlobStore({ directory, shared });
    expect(readdirSync(directory)).toEqual([]);
    expect(await store.read(sha256)).toEqual(bytes);
  });
});
