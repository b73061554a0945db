import { silentLog } from '@potluck/worker';
import { expect, test } from 'vitest';
import { chooseGpu, type ChosenGpu } from './chooseGpu.ts';
import type { Gpu } from './gpuFlags.ts';

const xvfb = '/usr/bin/Xvfb';

/** What was chosen, what was tried, and what the log says. */
async function choose(
  gpu: Gpu,
  has: string | undefined,
  works: (way: ChosenGpu) => boolean,
  platform = 'linux' as const,
) {
  const tried: ChosenGpu[] = [];
  const said: string[] = [];
  const log = { ...silentLog, warn: (_: object, text: string) => void said.push(text) };
  const tryWay = async (way: ChosenGpu): Promise<string | undefined> => {
    tried.push(way);
    return works(way) ? undefined : 'Chromium shows no WebGPU adapter';
  };
  return { chosen: await chooseGpu({ tryWay, log }, gpu, has, platform), tried, said };
}

test('an NVIDIA GPU gets a window under Xvfb where it is there, another GPU only where headless fails', async () => {
  expect((await choose('nvidia', xvfb, () => true)).tried).toEqual([{ gpu: 'nvidia', xvfb }]);
  const system = await choose('system', xvfb, (way) => way.xvfb !== undefined);
  expect(system.tried).toEqual([
    { gpu: 'system', xvfb: undefined },
    { gpu: 'system', xvfb },
  ]);
  expect(system.chosen).toEqual({ gpu: 'system', xvfb });
});

test('without Xvfb it is tried headless, and what to install is said', async () => {
  const { chosen, tried, said } = await choose('nvidia', undefined, () => false);
  expect(tried).toEqual([{ gpu: 'nvidia', xvfb: undefined }]);
  expect(chosen).toEqual({ gpu: 'none', xvfb: undefined });
  expect(said[0]).toMatch(
    /without the GPU \(headless: Chromium shows no WebGPU adapter\)\. .*apt install xvfb/,
  );
  expect((await choose('nvidia', undefined, () => true)).chosen.gpu).toBe('nvidia');
});

test('where no way works, the browsers go on without the GPU and the log says why', async () => {
  const { chosen, said } = await choose('nvidia', xvfb, () => false);
  expect(chosen.gpu).toBe('none');
  expect(said[0]).toMatch(/under Xvfb: Chromium shows no .*; headless: Chromium shows no .*vulkaninfo/);
});

test('what needs no GPU is not tried', async () => {
  for (const gpu of ['none', 'swiftshader'] as const) {
    const { chosen, tried } = await choose(gpu, xvfb, () => false);
    expect([chosen.gpu, tried]).toEqual([gpu, []]);
  }
});
