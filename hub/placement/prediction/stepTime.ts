/** How long a step of one token takes at a worker: measured where it can be, else by what such devices do. */
import { formatBytes, type Basis } from '@potluck/api';
import type { Device } from '@potluck/protocol';
import { isSoftwareGpu } from '../isGpu.ts';

/** What a worker's step of one token took. */
export interface StepSample {
  model: string;
  /** Weights that the step read. */
  weightBytes: number;
  milliseconds: number;
  /** `served`: in answers; `tried`: when the stage was loaded. */
  source: 'served' | 'tried';
}

/** What a worker's step took that ran a chunk of a prompt. */
export interface PromptSample extends StepSample {
  /** Tokens of the chunk. */
  tokens: number;
}

/** A number with where it comes from. */
export interface Estimate {
  milliseconds: number;
  basis: Basis;
  explanation: string;
}

/** Weights read a second, as the package packs them, and what a step costs whatever it reads. */
interface DeviceClass {
  bytesPerSecond: number;
  stepMs: number;
  name: string;
}

/**
 * What devices of a kind do. CPU and wasm: measured on two cores of an AMD EPYC, with two threads. MiniMind2-small, whose
 * steps read 27 MB (8-bit weights), takes 2 to 4 ms a token on the CPU, and 9 to 11 ms on wasm, where tabs unpack the
 * weights to float32 when they load them (45 to 65 ms where there is no room for that). A 4-bit model of 135 million
 * parameters reads as many packed bytes a second there. GPUs: guesses on the careful side, for an integrated one that
 * reads a fifth of its memory's speed and takes 15 ms to hand a result back.
 */
const deviceClasses: Record<Device['kind'], DeviceClass> = {
  cpu: { bytesPerSecond: 8e9, stepMs: 0.5, name: 'a processor' },
  wasm: { bytesPerSecond: 3e9, stepMs: 2, name: 'a browser without GPU' },
  webgpu: { bytesPerSecond: 20e9, stepMs: 15, name: 'a browser’s GPU' },
  cuda: { bytesPerSecond: 100e9, stepMs: 3, name: 'a CUDA GPU' },
};
/** A GPU that is a program on the processor. */
const softwareGpu: DeviceClass = { bytesPerSecond: 15e6, stepMs: 15, name: 'a GPU in software' };

/**
 * @param samples what this worker's device did so far
 * @param weightBytes what the step would read
 */
export function stepTime(
  device: Pick<Device, 'kind' | 'description'>,
  samples: readonly StepSample[],
  { model, weightBytes }: { model: string; weightBytes: number },
): Estimate {
  const { bytesPerSecond, stepMs, name } = classOf(device);
  const sample = samples.find((one) => one.model === model) ?? nearest(samples, weightBytes);
  if (!sample) {
    return {
      milliseconds: stepMs + (1000 * weightBytes) / bytesPerSecond,
      basis: 'estimated',
      explanation: `${name} reads about ${formatBytes(bytesPerSecond)} of weights a second`,
    };
  }
  // What does not grow with the layers is at most half of what was measured.
  const fixedMs = Math.min(stepMs, sample.milliseconds / 2);
  const share = weightBytes / Math.max(1, sample.weightBytes);
  const milliseconds = fixedMs + (sample.milliseconds - fixedMs) * share;
  const when = sample.source === 'served' ? 'in answers' : 'when its layers were tried';
  if (sample.model === model) return { milliseconds, basis: 'measured', explanation: `measured ${when}` };
  return { milliseconds, basis: 'scaled', explanation: `from what it did with ${sample.model} ${when}` };
}

const classOf = (device: Pick<Device, 'kind' | 'description'>): DeviceClass =>
  isSoftwareGpu(device) ? softwareGpu : deviceClasses[device.kind];

/** The sample of a step that read about as much. */
function nearest(samples: readonly StepSample[], weightBytes: number): StepSample | undefined {
  const distance = (sample: StepSample): number =>
    Math.abs(Math.log(Math.max(1, sample.weightBytes) / Math.max(1, weightBytes)));
  return [...samples].sort((one, other) => distance(one) - distance(other))[0];
}
