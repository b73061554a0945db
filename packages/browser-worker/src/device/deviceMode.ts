/** What a tab computes with, and with what next when that does not do; pure. */

/** `webgpu-plain` is WebGPU without subgroups, whose kernels compute wrong on some GPUs. */
export type DeviceMode = 'webgpu' | 'webgpu-plain' | 'wasm';

/** A device that is lost this often is not tried again. */
const mostLosses = 2;

/**
 * @param isWrong it computed wrong answers; otherwise it was lost
 * @param losses how often a device was lost or wrong, this time included
 * @returns undefined where nothing is left to try
 */
export function nextDevice(mode: DeviceMode, isWrong: boolean, losses: number): DeviceMode | undefined {
  if (mode === 'wasm') return isWrong || losses > mostLosses ? undefined : 'wasm';
  if (isWrong) return mode === 'webgpu' ? 'webgpu-plain' : 'wasm';
  return losses < mostLosses ? mode : 'wasm';
}
