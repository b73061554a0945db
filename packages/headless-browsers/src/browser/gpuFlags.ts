/** Chromium's flags for what a headless browser computes with. Measured with Chromium 153 and 156. */
import { existsSync } from 'node:fs';

export const gpuChoices = ['auto', 'nvidia', 'swiftshader', 'none'] as const;
export type GpuChoice = (typeof gpuChoices)[number];

/** `system`: whatever GPU Chromium finds by itself. */
export type Gpu = Exclude<GpuChoice, 'auto'> | 'system';

const nvidiaDevices = ['/dev/nvidiactl', '/dev/dxg'];
const drmDevices = '/dev/dri';

/**
 * Decides what `auto` means here. SwiftShader computes on the processor and is far slower there than wasm, so it is for
 * tests only and must be asked for.
 */
export function resolveGpu(
  choice: GpuChoice,
  platform: NodeJS.Platform = process.platform,
  exists: (path: string) => boolean = existsSync,
): Gpu {
  if (choice !== 'auto') return choice;
  if (platform !== 'linux') return 'system';
  if (nvidiaDevices.some(exists)) return 'nvidia';
  return exists(drmDevices) ? 'system' : 'none';
}

/** Flags that give a headless Chromium WebGPU on this kind of GPU, or none at all. */
export function gpuFlags(gpu: Gpu, platform: NodeJS.Platform = process.platform): string[] {
  switch (gpu) {
    case 'swiftshader':
      return [
        '--enable-unsafe-webgpu',
        '--use-webgpu-adapter=swiftshader',
        // By this extension SwiftShader zeroes a workgroup's memory with one instruction per element: compiling
        // ONNX Runtime's kernels for attention takes ten times as long as with the loop that comes instead.
        '--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
      ];
    case 'nvidia':
      return [
        '--use-angle=vulkan',
        '--enable-features=Vulkan,VulkanFromANGLE,DefaultANGLEVulkan',
        '--disable-vulkan-surface',
        '--enable-unsafe-webgpu',
        '--ignore-gpu-blocklist',
      ];
    case 'system':
      return platform === 'linux'
        ? gpuFlags('nvidia', platform)
        : ['--enable-unsafe-webgpu', '--ignore-gpu-blocklist'];
    case 'none':
      return ['--disable-gpu'];
  }
}
