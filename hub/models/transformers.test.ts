import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { builtInModelDirectory } from './builtInModel.ts';

test('reading texts loads no library for images and no ONNX Runtime', async () => {
  const module = new URL('./transformers.ts', import.meta.url).href;
  const script = `
    const { loadTransformers } = await import(${JSON.stringify(module)});
    const { AutoTokenizer } = await loadTransformers();
    const { sharedObjects } = process.report.getReport();
    console.log(JSON.stringify({ kind: typeof AutoTokenizer.from_pretrained, sharedObjects }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  const { kind, sharedObjects } = JSON.parse(stdout) as { kind: string; sharedObjects: string[] };
  expect(kind).toBe('function');
  expect(sharedObjects.filter((file) => /sharp|vips|onnxruntime/.test(file))).toEqual([]);
});

test('a thread that reads a tokenizer loads nothing of what asks the network', async () => {
  const module = new URL('./chatFormat.ts', import.meta.url).href;
  const script = `
    const { loadChatFormat } = await import(${JSON.stringify(module)});
    const { encodeText } = await loadChatFormat(${JSON.stringify(builtInModelDirectory())});
    const { parentPort } = await import('node:worker_threads');
    parentPort.postMessage({ tokens: encodeText('word', false), loaded: process.moduleLoadList });`;
  const thread = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  const [{ tokens, loaded }] = (await once(thread, 'message')) as [{ tokens: number[]; loaded: string[] }];
  await thread.terminate();
  expect(tokens.length).toBeGreaterThan(0);
  expect(loaded.filter((name) => name.includes('undici'))).toEqual([]);
});
