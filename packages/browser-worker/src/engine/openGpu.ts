/** The GPUDevice that a tab computes with: one of its own, with all that the adapter allows. */
import { gpuName } from '../device/gpuName.ts';

/** Used by ONNX Runtime's kernels where they are there. */
const wantedFeatures: GPUFeatureName[] = ['shader-f16', 'subgroups'];

export interface OpenGpu {
  device: GPUDevice;
  description: string;
  float16: boolean;
}

/** @throws Error that says why there is no device */
export async function openGpu(): Promise<OpenGpu> {
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) throw new Error('this browser offers no WebGPU here');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('the browser has no GPU to give');
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') requiredLimits[name] = value;
  }
  const device = await adapter.requestDevice({
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits,
  });
  return { device, description: gpuName(adapter.info), float16: device.features.has('shader-f16') };
}
