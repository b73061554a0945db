/** What to compute with: what was asked for, or the fastest of what works. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { Device } from '@potluck/protocol';
import { DeviceError } from '../errors.ts';
import type { DeviceChoice } from '../settings/settings.ts';
import { probeDevice, type ProbeDepth, type ProbeResult, type Provider } from './probeDevice.ts';
import { onlySoftwareVulkan } from './softwareVulkan.ts';

export interface ChosenDevice {
  device: Device & { kind: Provider };
  /** Why this one, for people. */
  reason: string;
}

export interface DeviceChecks {
  probe: (provider: Provider, depth: ProbeDepth) => Promise<ProbeResult>;
  /** Why a provider need not be tried, undefined where it should. */
  missing: (provider: Provider) => string | undefined;
  isSoftware: () => boolean;
}

const howToGet: Record<Provider, string> = {
  cuda:
    'CUDA needs an NVIDIA driver, CUDA 12, cuDNN 9 and ONNX Runtime’s CUDA library: install the first three, ' +
    'then run `node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12`',
  webgpu: 'WebGPU needs a GPU driver with Vulkan and its loader (Debian: libvulkan1), Metal, or Direct3D 12',
  cpu: 'ONNX Runtime does not run here: `npm ci` again, and check that this platform is supported',
};

export const realDeviceChecks: DeviceChecks = {
  probe: probeDevice,
  missing: (provider) => (provider === 'cuda' ? missingCudaLibrary() : undefined),
  isSoftware: onlySoftwareVulkan,
};

/** @throws DeviceError if the device asked for does not work; says how to get it */
export async function chooseDevice(choice: DeviceChoice, checks = realDeviceChecks): Promise<ChosenDevice> {
  if (choice !== 'auto') {
    const result = await tryProvider(choice, 'works', checks);
    if (!result.ok)
      throw new DeviceError(`--device ${choice} does not work here: ${result.reason}. ${howToGet[choice]}`);
    return chosen(choice, result, checks, 'asked for');
  }
  const tried: { provider: Provider; result: ProbeResult }[] = [];
  for (const provider of ['cuda', 'webgpu', 'cpu'] as const) {
    const skipped = provider === 'webgpu' && checks.isSoftware();
    // The processor comes last, and where it is alone nothing is compared.
    const isAlone = provider === 'cpu' && !tried.some(({ result }) => result.ok);
    const result: ProbeResult = skipped
      ? { ok: false, reason: 'only a software driver' }
      : await tryProvider(provider, isAlone ? 'works' : 'speed', checks);
    tried.push({ provider, result });
  }
  const working = tried.flatMap(({ provider, result }) => (result.ok ? [{ provider, result }] : []));
  const [best] = working.sort((one, other) => one.result.stepMs - other.result.stepMs);
  const reason = tried.map(({ provider, result }) => `${provider} ${describe(result)}`).join(', ');
  if (!best) throw new DeviceError(`no device works: ${reason}. ${howToGet.cpu}`);
  return chosen(best.provider, best.result, checks, working.length > 1 ? `fastest of ${reason}` : reason);
}

async function tryProvider(
  provider: Provider,
  depth: ProbeDepth,
  checks: DeviceChecks,
): Promise<ProbeResult> {
  const reason = checks.missing(provider);
  return reason === undefined ? checks.probe(provider, depth) : { ok: false, reason };
}

function chosen(
  kind: Provider,
  { float16 }: { float16: boolean },
  checks: DeviceChecks,
  reason: string,
): ChosenDevice {
  const software = kind === 'webgpu' && checks.isSoftware() ? ' (software)' : '';
  const processor = cpus()[0]?.model.trim() ?? 'processor';
  const description =
    kind === 'cpu' ? `${processor}, ${availableParallelism()} threads` : `${kind}${software}, ONNX Runtime`;
  return { device: { kind, description, float16 }, reason };
}

const describe = (result: ProbeResult): string =>
  result.ok ? `${result.stepMs.toFixed(2)} ms` : `not there (${result.reason})`;

/** The CUDA provider is a library beside the binding that npm does not bring. */
function missingCudaLibrary(): string | undefined {
  if (process.platform !== 'linux' && process.platform !== 'win32') return 'this system has no CUDA';
  const root = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));
  const folder = join(root, 'bin', 'napi-v6', process.platform, process.arch);
  const name =
    process.platform === 'win32' ? 'onnxruntime_providers_cuda.dll' : 'libonnxruntime_providers_cuda.so';
  return existsSync(join(folder, name)) ? undefined : `${name} is not installed`;
}
