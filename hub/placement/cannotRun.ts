/** Which devices can't run a model, whatever room they have? */
import type { Device, ModelPackage } from '@potluck/protocol';

/** @returns why not, as what follows the worker's name; undefined where it can */
export function cannotRun(device: Device, model: Pick<ModelPackage, 'float16'>): string | undefined {
  if (!model.float16 || device.float16) return undefined;
  return 'can’t compute in 16-bit numbers, as this model does (a variant without f16 runs there)';
}
