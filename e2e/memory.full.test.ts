/** A hub's memory does not grow with its models. */
import { writeRandomDecoder } from '@potluck/onnx/testing';
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startHub } from './support/hubProcess.ts';
import { peakResidentBytes } from './support/processes.ts';
import { temporaryDirectory } from '../testing/temporaryDirectory.ts';

const megabyte = 1e6;

test('a model of more than 4 GiB is imported, cut and served without being read into memory', async () => {
  await using directory = await temporaryDirectory('potluck-sparse-');
  await writeRandomDecoder(directory.path, {
    layers: 10,
    hiddenSize: 4096,
    heads: 32,
    keyValueHeads: 8,
    intermediateSize: 6144,
    vocabularySize: 1024,
    contextLength: 512,
    weights: 'f32',
    sparse: true,
  });
  await using hub = await startHub({ flags: ['--model', directory.path, '--local-workers', '0'] });
  const blobs = (await readdir(join(hub.dataDirectory, 'blobs'), { recursive: true })).filter((name) =>
    /[0-9a-f]{64}$/.test(name),
  );
  let served = 0;
  for (const name of blobs) {
    const sha256 = name.slice(-64);
    const response = await fetch(`${hub.url}/blobs/${sha256}`, {
      headers: { authorization: `Bearer ${hub.joinToken}` },
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    served += bytes.byteLength;
  }
  expect(served).toBeGreaterThan(64 * 1024 * 1024);
  expect((await stat(join(directory.path, 'onnx/model.onnx_data'))).size).toBeGreaterThan(4 * 2 ** 30);
  expect(peakResidentBytes(hub.child.pid ?? 0)).toBeLessThan(1024 * megabyte);
});
