/** How Chromium gets the GPU that was asked for, tried before anybody joins with it. */
import type { Log } from '@potluck/worker';
import { howToGetXvfb } from '../display/startDisplay.ts';
import type { Gpu } from './gpuFlags.ts';

export interface ChosenGpu {
  gpu: Gpu;
  /** Xvfb, where the browser must not be headless. */
  xvfb: string | undefined;
}

export interface ChooseGpuComponents {
  /** What is wrong with a way, for people; undefined where the GPU is there. */
  tryWay: (way: ChosenGpu) => Promise<string | undefined>;
  log: Log;
}

/** @returns the first way that works; without a GPU, and with the reason in the log, where none does */
export async function chooseGpu(
  { tryWay, log }: ChooseGpuComponents,
  gpu: Gpu,
  xvfb: string | undefined,
  platform: NodeJS.Platform = process.platform,
): Promise<ChosenGpu> {
  // SwiftShader is for tests and works headless.
  if (gpu === 'none' || gpu === 'swiftshader') return { gpu, xvfb: undefined };
  const problems: string[] = [];
  for (const way of waysFor(gpu, xvfb, platform)) {
    const problem = await tryWay(way);
    if (problem === undefined) {
      if (way.xvfb !== undefined)
        log.info({ xvfb: way.xvfb }, 'Chromium runs in a window that Xvfb keeps to itself');
      return way;
    }
    problems.push(`${way.xvfb === undefined ? 'headless' : 'under Xvfb'}: ${problem}`);
  }
  const advice =
    platform === 'linux' && xvfb === undefined
      ? `. Headless, Chromium finds no NVIDIA GPU: ${howToGetXvfb}`
      : ". Check the GPU's Vulkan driver: vulkaninfo must list it";
  log.warn({ gpu }, `the browsers compute without the GPU (${problems.join('; ')})${advice}`);
  return { gpu: 'none', xvfb: undefined };
}

/** The likeliest to work first. */
function waysFor(gpu: Gpu, xvfb: string | undefined, platform: NodeJS.Platform): ChosenGpu[] {
  const headless = { gpu, xvfb: undefined };
  if (platform !== 'linux' || xvfb === undefined) return [headless];
  const windowed = { gpu, xvfb };
  return gpu === 'nvidia' ? [windowed, headless] : [headless, windowed];
}
