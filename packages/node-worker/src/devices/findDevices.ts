/** What this machine can compute with: what was asked for, or all that works, the likeliest to be fast first. */
import { availableParallelism, cpus } from 'node:os';
import type { Device } from '@potluck/protocol';
import { DeviceError } from '../errors.ts';
import type { DeviceChoice } from '../settings/settings.ts';
import { howToGetCuda, missingForCuda } from './missingForCuda.ts';
import { probeDevice, type ProbeResult, type Provider } from './probeDevice.ts';
import { onlySoftwareVulkan } from './softwareVulkan.ts';

export type FoundDevice = Device & { kind: Provider };

export interface FoundDevices {
  /** At least one; with several, each stage is tried on all of them. The likeliest to be fast comes first. */
  devices: readonly FoundDevice[];
  /** Why these, for people. */
  reason: string;
}

export interface DeviceChecks {
  probe: (provider: Provider) => Promise<ProbeResult>;
  /** Why a provider need not be tried, undefined where it should. */
  missing: (provider: Provider) => string | undefined;
  isSoftware: () => boolean;
}

const howToGet: Record<Provider, string> = {
  cuda: howToGetCuda,
  webgpu: 'WebGPU needs a GPU driver with Vulkan and its loader (Debian: libvulkan1), Metal, or Direct3D 12',
  cpu: 'ONNX Runtime does not run here: `npm ci` again, and check that this platform is supported',
};

const realDeviceChecks: DeviceChecks = {
  probe: probeDevice,
  missing: (provider) => (provider === 'cuda' ? missingForCuda() : undefined),
  isSoftware: onlySoftwareVulkan,
};

/**
 * ONNX Runtime's binding for Node keeps no tensors on a CUDA device. Measured on an H200 with the model of the bench
 * (362M, 4 bits): 16 tokens a second at 1,500 tokens of context, and 135 with WebGPU.
 */
const cudaLeftOut =
  'cuda is left out, because its caches cross to the GPU and back at every token: at 1,500 tokens of context it is 8 times ' +
  'slower than webgpu';

export interface DevicesWanted {
  device: DeviceChoice;
  /** With which the processor computes. Default: as many as the machine has for this process. */
  threads?: number | undefined;
}

/** @throws DeviceError if the device asked for does not work; says how to get it */
export async function findDevices(
  { device: choice, threads = availableParallelism() }: DevicesWanted,
  checks = realDeviceChecks,
): Promise<FoundDevices> {
  if (choice !== 'auto') {
    const result = await tryProvider(choice, checks);
    if (!result.ok)
      throw new DeviceError(`--device ${choice} does not work here: ${result.reason}. ${howToGet[choice]}`);
    return { devices: [found(choice, result, { checks, threads })], reason: 'asked for' };
  }
  const devices: FoundDevice[] = [];
  const reasons: string[] = [];
  for (const provider of ['webgpu', 'cuda', 'cpu'] as const) {
    if (provider === 'cuda' && devices.length > 0) {
      if (checks.missing('cuda') === undefined) reasons.push(cudaLeftOut);
      continue;
    }
    const isSoftware = provider === 'webgpu' && checks.isSoftware();
    const result: ProbeResult = isSoftware
      ? { ok: false, reason: 'only a software driver' }
      : await tryProvider(provider, checks);
    if (result.ok) devices.push(found(provider, result, { checks, threads }));
    reasons.push(result.ok ? `${provider} works` : `${provider} is not there (${result.reason})`);
  }
  const reason = reasons.join(', ');
  if (devices.length === 0) throw new DeviceError(`no device works: ${reason}. ${howToGet.cpu}`);
  return { devices, reason };
}

/** Several devices as the hub and people see them: the likeliest one, with what any of them can. */
export function describeDevices(devices: readonly FoundDevice[]): FoundDevice {
  const [first] = devices;
  if (!first) throw new RangeError('no device');
  if (devices.length === 1) return first;
  return {
    kind: first.kind,
    description: `${devices.map(({ description }) => description).join(' or ')}, whichever is faster for a model`,
    float16: devices.some(({ float16 }) => float16),
  };
}

async function tryProvider(provider: Provider, checks: DeviceChecks): Promise<ProbeResult> {
  const reason = checks.missing(provider);
  return reason === undefined ? checks.probe(provider) : { ok: false, reason };
}

function found(
  kind: Provider,
  { float16 }: { float16: boolean },
  { checks, threads }: { checks: DeviceChecks; threads: number },
): FoundDevice {
  const software = kind === 'webgpu' && checks.isSoftware() ? ' (software)' : '';
  const processor = cpus()[0]?.model.trim() ?? 'processor';
  const description =
    kind === 'cpu'
      ? `${processor}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`
      : `${kind}${software}, ONNX Runtime`;
  return { kind, description, float16 };
}
