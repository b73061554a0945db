/** Which devices compute on a GPU? */
import type { Device } from '@potluck/protocol';

/** True where WebGPU is a program that runs on the processor. */
export function isSoftwareGpu({ kind, description }: Pick<Device, 'kind' | 'description'>): boolean {
  return kind === 'webgpu' && /swiftshader|llvmpipe|lavapipe|software/i.test(description);
}

/** True for a GPU that is one. */
export function isGpu(device: Pick<Device, 'kind' | 'description'>): boolean {
  return (device.kind === 'webgpu' || device.kind === 'cuda') && !isSoftwareGpu(device);
}
