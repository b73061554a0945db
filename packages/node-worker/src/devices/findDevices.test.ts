import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.ts';
import { describeDevices, findDevices, type DeviceChecks } from './findDevices.ts';
import type { DeviceChoice } from '../settings/settings.ts';
import type { ProbeResult, Provider } from './probeDevice.ts';
import { onlySoftwareVulkan } from './softwareVulkan.ts';

function checks(
  working: readonly Provider[],
  { isSoftware = false, probed }: { isSoftware?: boolean; probed?: Provider[] } = {},
): DeviceChecks {
  return {
    probe: async (provider): Promise<ProbeResult> => {
      probed?.push(provider);
      return working.includes(provider)
        ? { ok: true, float16: provider === 'cpu' }
        : { ok: false, reason: 'aborted' };
    },
    missing: () => undefined,
    isSoftware: () => isSoftware,
  };
}

const kindsOf = async (device: DeviceChoice, working: DeviceChecks): Promise<Provider[]> =>
  (await findDevices({ device }, working)).devices.map(({ kind }) => kind);

describe('the devices of a worker', () => {
  it('are all that work, the GPU first', async () => {
    const { devices, reason } = await findDevices({ device: 'auto' }, checks(['webgpu', 'cpu']));
    expect(devices.map(({ kind }) => kind)).toEqual(['webgpu', 'cpu']);
    expect(reason).toMatch(/^webgpu works, cuda is left out, .*, cpu works$/);
    const shown = describeDevices(devices);
    expect(shown).toMatchObject({ kind: 'webgpu', float16: true });
    expect(shown.description).toMatch(/^webgpu, ONNX Runtime or .*, whichever is faster for a model$/);
  });

  it('have no CUDA beside WebGPU, and the reason says why', async () => {
    const probed: Provider[] = [];
    const { devices, reason } = await findDevices(
      { device: 'auto' },
      checks(['webgpu', 'cuda', 'cpu'], { probed }),
    );
    expect(devices.map(({ kind }) => kind)).toEqual(['webgpu', 'cpu']);
    expect(probed).toEqual(['webgpu', 'cpu']);
    expect(reason).toContain('cuda is left out, because its caches cross to the GPU and back at every token');
    expect(await kindsOf('auto', checks(['cuda', 'cpu']))).toEqual(['cuda', 'cpu']);
    expect(await kindsOf('cuda', checks(['webgpu', 'cuda', 'cpu']))).toEqual(['cuda']);
  });

  it('are the processor alone where nothing else works', async () => {
    const { devices, reason } = await findDevices({ device: 'auto' }, checks(['cpu']));
    expect(devices).toHaveLength(1);
    expect(describeDevices(devices)).toBe(devices[0]);
    expect(reason).toBe('webgpu is not there (aborted), cuda is not there (aborted), cpu works');
    await expect(findDevices({ device: 'auto' }, checks([]))).rejects.toThrow(/^no device works: .*npm ci/);
  });

  it('say with how many threads the processor computes', async () => {
    const shown = async (threads?: number): Promise<string | undefined> =>
      (await findDevices({ device: 'cpu', threads }, checks(['cpu']))).devices[0]?.description;
    expect(await shown(1)).toMatch(/, 1 thread$/);
    expect(await shown(3)).toMatch(/, 3 threads$/);
    expect(await shown()).toMatch(/, \d+ threads?$/);
  });

  it('have a software adapter only when WebGPU is asked for by name', async () => {
    const software = checks(['webgpu', 'cpu'], { isSoftware: true });
    expect(await kindsOf('auto', software)).toEqual(['cpu']);
    expect((await findDevices({ device: 'webgpu' }, software)).devices[0]?.description).toContain('software');
  });

  it('that is asked for and missing is an error that tells how to get it', async () => {
    await expect(findDevices({ device: 'cuda' })).rejects.toThrow(DeviceError);
    await expect(findDevices({ device: 'cuda' })).rejects.toThrow(
      /install\.js --onnxruntime-node-install=cuda12/,
    );
    await expect(findDevices({ device: 'webgpu' }, checks([]))).rejects.toThrow(/libvulkan1/);
  });
});

describe('Vulkan drivers', () => {
  it('are software where all that are named compute on the processor', () => {
    const named = (files: string) => onlySoftwareVulkan('linux', { VK_DRIVER_FILES: files });
    expect(named('/x/vk_swiftshader_icd.json')).toBe(true);
    expect(named('/x/lvp_icd.x86_64.json:/x/nvidia_icd.json')).toBe(false);
    expect(onlySoftwareVulkan('darwin', {})).toBe(false);
  });
});
