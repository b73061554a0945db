/** Is the WebGPU adapter that a page sees the GPU that was meant? Pure. */
import type { Gpu } from './gpuFlags.ts';

/** As `GPUAdapterInfo` has it. */
export interface AdapterInfo {
  vendor: string;
  architecture: string;
  description: string;
}

const software = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/** @returns what is wrong with it, for people; undefined where it is right */
export function judgeAdapter(gpu: Gpu, adapter: AdapterInfo | undefined): string | undefined {
  if (gpu === 'none') return undefined;
  if (!adapter) return 'Chromium shows no WebGPU adapter';
  const shown = describeAdapter(adapter);
  if (gpu === 'swiftshader')
    return software.test(shown) ? undefined : `it shows ${shown} instead of SwiftShader`;
  if (software.test(shown)) return `Chromium shows only ${shown}, which computes on the processor`;
  if (gpu === 'nvidia' && !/nvidia/i.test(shown)) return `Chromium shows ${shown} and not the NVIDIA GPU`;
  return undefined;
}

export function describeAdapter({ vendor, architecture, description }: AdapterInfo): string {
  return (
    [vendor, architecture, description].filter((part) => part !== '').join(' ') || 'an adapter without a name'
  );
}
