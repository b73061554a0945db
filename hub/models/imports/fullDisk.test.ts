/** What fills the disk on its way in: downloads and uploads. The disk is a device of Linux that is as full as can be. */
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../testing/temporaryDirectory.ts';
import { isFullDisk } from '../../files/fullDisk.ts';
import { StorageError } from '../../files/storageError.ts';
import { downloadFile } from './downloadFile.ts';
import { appendPiece } from './uploadedFiles.ts';

const bytes = new Uint8Array(100_000);
const onLinux = test.skipIf(process.platform !== 'linux');

onLinux('a download ends with what to do, at the first try', async () => {
  await using directory = await temporaryDirectory('potluck-full-');
  const target = path.join(directory.path, 'model.onnx');
  await symlink('/dev/full', target);
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    response.end(bytes);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const downloading = downloadFile({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      headers: {},
      target,
      file: { path: 'model.onnx', bytes: bytes.byteLength, sha256: null, gitSha1: null },
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onWait: () => undefined,
      statusError: (status) => new Error(`status ${status}`),
      unreachable: (cause) => new Error('not reached', { cause }),
    });
    await expect(downloading).rejects.toThrow(StorageError);
    await expect(downloading).rejects.toThrow(/^The hub's disk is full\. Free some space, or move/);
    expect(asked).toBe(1);
  } finally {
    server.close();
  }
});

onLinux('an upload fails by the full disk, and counts what is here', async () => {
  await using directory = await temporaryDirectory('potluck-full-');
  await symlink('/dev/full', path.join(directory.path, 'model.onnx'));
  const file = { path: 'model.onnx', bytes: bytes.byteLength, receivedBytes: 0 };
  const counted: number[] = [];
  const body = new Blob([bytes]).stream() as ReadableStream<Uint8Array>;
  const failure: unknown = await appendPiece(directory.path, file, 0, body, (count) =>
    counted.push(count),
  ).catch((error: unknown) => error);
  expect(isFullDisk(failure)).toBe(true);
  expect(counted.at(-1)).toBe(0);
});
