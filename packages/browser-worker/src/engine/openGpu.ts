/** The GPUDevice that a tab computes with: one of its own, with all that the adapter allows. */
import { gpuName } from '../device/gpuName.ts';

/**
 * ONNX Runtime's kernels for subgroups compute silently wrong answers where those are smaller: SwiftShader's, of 4, gave
 * logits that were off by a tenth (onnxruntime-web 1.30).
 */
const leastSubgroupSize = 8;

export interface OpenGpu {
  device: GPUDevice;
  description: string;
  float16: boolean;
}

/**
 * @param subgroups false leaves them out where they were found to compute wrong
 * @throws Error that says why there is no device
 */
export async function openGpu({ subgroups }: { subgroups: boolean }): Promise<OpenGpu> {
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) throw new Error('this browser offers no WebGPU here');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error('the browser has no GPU to give');
  const requiredLimits: Record<string, number> = {};
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === 'number') requiredLimits[name] = value;
  }
  // Used by ONNX Runtime's kernels where they are there.
  const features: GPUFeatureName[] = [];
  if (adapter.features.has('shader-f16')) features.push('shader-f16');
  const { subgroupMinSize = 0 } = adapter.info as { subgroupMinSize?: number };
  const goodSubgroups = adapter.features.has('subgroups') && subgroupMinSize >= leastSubgroupSize;
  if (subgroups && goodSubgroups) features.push('subgroups');
  const device = await adapter.requestDevice({
    requiredFeatures: features,
    requiredLimits,
  });
  return { device, description: gpuName(adapter.info), float16: device.features.has('shader-f16') };
}
