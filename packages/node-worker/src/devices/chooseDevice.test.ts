import { describe, expect, it } from 'vitest';
import { DeviceError } from '../errors.ts';
import { chooseDevice, type DeviceChecks } from './chooseDevice.ts';
import type { ProbeDepth, ProbeResult, Provider } from './probeDevice.ts';
import { onlySoftwareVulkan } from './softwareVulkan.ts';

function checks(
  results: Partial<Record<Provider, number>>,
  {
    isSoftware = false,
    onProbe,
  }: { isSoftware?: boolean; onProbe?: (provider: Provider, depth: ProbeDepth) => void } = {},
): DeviceChecks {
  return {
    probe: async (provider, depth): Promise<ProbeResult> => {
      onProbe?.(provider, depth);
      const stepMs = results[provider];
      return stepMs === undefined ? { ok: false, reason: 'aborted' } : { ok: true, stepMs, float16: false };
    },
    missing: () => undefined,
    isSoftware: () => isSoftware,
  };
}

describe('the device of a worker', () => {
  it('is the fastest of those that work, and the reason says so', async () => {
    const { device, reason } = await chooseDevice('auto', checks({ webgpu: 1, cpu: 4 }));
    expect(device.kind).toBe('webgpu');
    expect(reason).toBe('fastest of cuda not there (aborted), webgpu 1.00 ms, cpu 4.00 ms');
  });

  it('is the processor where that is faster', async () => {
    expect((await chooseDevice('auto', checks({ webgpu: 9, cpu: 4 }))).device.kind).toBe('cpu');
  });

  it('is the processor, whose speed nobody measures, where nothing else works', async () => {
    const probes: string[] = [];
    const onProbe = (...probe: string[]): void => void probes.push(probe.join(' '));
    const { device } = await chooseDevice('auto', checks({ cpu: 4 }, { onProbe }));
    expect(device.kind).toBe('cpu');
    expect(probes).toEqual(['cuda speed', 'webgpu speed', 'cpu works']);
  });

  it('is a software adapter only when WebGPU is asked for by name', async () => {
    expect(
      (await chooseDevice('auto', checks({ webgpu: 1, cpu: 4 }, { isSoftware: true }))).device.kind,
    ).toBe('cpu');
    const { device } = await chooseDevice('webgpu', checks({ webgpu: 1 }, { isSoftware: true }));
    expect(device.description).toContain('software');
  });

  it('that is asked for and missing is an error that tells how to get it', async () => {
    await expect(chooseDevice('cuda')).rejects.toThrow(DeviceError);
    await expect(chooseDevice('cuda')).rejects.toThrow(/install\.js --onnxruntime-node-install=cuda12/);
    await expect(chooseDevice('webgpu', checks({}))).rejects.toThrow(/libvulkan1/);
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
