/** Which devices can't run a model, whatever room they have? */
import { whatFollowsName } from '@potluck/api/hub-texts';
import type { Device, DeviceKind, ModelPackage } from '@potluck/protocol';

/** What people call kinds of devices. */
const kindNames: Record<DeviceKind, string> = {
  cpu: 'a processor',
  wasm: 'a browser without GPU',
  webgpu: 'WebGPU',
  cuda: 'CUDA',
};

/** @returns why not, as what follows the worker's name; undefined where it can */
export function cannotRun(
  device: Device,
  { float16, deviceKinds }: Pick<ModelPackage, 'float16' | 'deviceKinds'>,
): string | undefined {
  if (deviceKinds && !deviceKinds.includes(device.kind)) {
    const needed = new Intl.ListFormat('en', { type: 'disjunction' }).format(
      deviceKinds.map((kind) => kindNames[kind]),
    );
    return whatFollowsName('needs-other-device', { reason: needed });
  }
  if (!float16 || device.float16) return undefined;
  return whatFollowsName('no-float16', {});
}
