import { writeRandomDecoder } from '@potluck/onnx/testing';
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIError } from 'openai';
import { expect, test } from 'vitest';
import { startHub, type HubProcess } from './support/hubProcess.ts';
import { localWorkers, peakResidentBytes } from './support/processes.ts';
import { temporaryDirectory } from '../testing/temporaryDirectory.ts';

const messages = [{ role: 'user' as const, content: 'hello there' }];
/** Beyond its budget a worker process has Node, ONNX Runtime and WebRTC themselves: 110 MB, and some room. */
const processBytes = 200e6;
const megabyte = 1e6;

/** 0.4 GB of weights in eight layers. */
const bigDecoder = {
  layers: 8,
  hiddenSize: 1024,
  heads: 16,
  keyValueHeads: 4,
  intermediateSize: 2816,
  vocabularySize: 4096,
  contextLength: 1024,
  weights: 'f32',
} as const;

test('what is too big for each worker runs on two, within their budgets; too big for all, it is refused with numbers', async () => {
  await using directory = await temporaryDirectory('potluck-big-');
  await writeRandomDecoder(directory.path, bigDecoder);
  // One folder, so that the model is imported once.
  await using data = await temporaryDirectory('potluck-data-');
  const start = (flags: string[]): Promise<HubProcess> =>
    startHub({
      flags: ['--model', directory.path, ...flags],
      dataDirectory: data.path,
      waitUntilReady: false,
    });

  let expected: unknown;
  {
    await using whole = await start(['--worker-memory', '2GB']);
    await whole.ready;
    expected = await answer(whole);
  }

  const budget = 450 * megabyte;
  {
    await using split = await start(['--local-workers', '2', '--worker-memory', String(budget)]);
    await split.ready;
    expect(await answer(split)).toEqual(expected);
    const workers = localWorkers(split);
    expect(workers).toHaveLength(2);
    for (const { pid } of workers) expect(peakResidentBytes(pid)).toBeLessThan(budget + processBytes);
  }

  await using short = await start(['--local-workers', '2', '--worker-memory', '120MB']);
  // Until both have joined, it says that they are missing.
  const refusal = async (): Promise<string> =>
    answer(short).then(
      () => 'answered',
      (error: APIError) => `${error.status} ${error.message}`,
    );
  await expect
    .poll(refusal, { timeout: 60_000 })
    .toMatch(/^503 .*needs \d+ MB, workers offer 120 MB \+ 120 MB/);
});

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

async function answer(hub: HubProcess): Promise<unknown> {
  const models = await hub.client.models.list();
  const completion = await hub.client.chat.completions.create({
    model: models.data[0]?.id ?? '',
    messages,
    temperature: 0,
    max_tokens: 12,
    logprobs: true,
  });
  return completion.choices[0]?.logprobs;
}
