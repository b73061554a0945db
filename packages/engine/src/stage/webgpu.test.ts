import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { unpackSwiftShader } from '../testing/swiftShader.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('../testing/webgpuChild.ts', import.meta.url));

it('answers on the WebGPU of onnxruntime-node, caches kept on the device, as on the CPU', async (context) => {
  await using swiftShader = await unpackSwiftShader();
  if (!swiftShader) return context.skip('No SwiftShader here: @sparticuz/chromium has it for Linux x64');
  const { stdout } = await run(process.execPath, [child], {
    env: { ...process.env, ...swiftShader.environment },
  });
  const result = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>;
  expect(result.gpu).toEqual(result.cpu);
  expect(result.forked).toEqual([result.cpu, result.cpu]);
  expect(result.cutBack).toEqual([result.cpu, result.cpu, result.cpu]);
  expect(result.usage).toEqual([0, 0]);
});
