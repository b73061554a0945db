import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

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
