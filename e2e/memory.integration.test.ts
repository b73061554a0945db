import { writeRandomDecoder } from '@potluck/onnx/testing';
import type { APIError } from 'openai';
import { expect, test } from 'vitest';
import { startHub, type HubProcess } from './support/hubProcess.ts';
import { localWorkers, peakResidentBytes } from './support/processes.ts';
import { temporaryDirectory } from '../testing/temporaryDirectory.ts';

const messages = [{ role: 'user' as const, content: 'hello there' }];
/** Beyond its budget a worker process has Node, ONNX Runtime and WebRTC themselves: 110 MB, and some room. */
const processBytes = 200e6;
/** A hub that has nothing of a model in memory, and some room. Larger models: memory.full.test.ts. */
const hubBytes = 400e6;
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
    // What it imported was not read into its memory.
    expect(peakResidentBytes(whole.child.pid ?? 0)).toBeLessThan(hubBytes);
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
    .toMatch(/^503 .*needs \d+ MB, devices offer 120 MB \+ 120 MB/);
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
