/** How long a step of one token takes at a worker: measured where it can be, else by what such devices do. */
import type { StepSample } from './samples.ts';
import { formatBytes, type Basis } from '@potluck/api';
import { hubText, type HubTextCode } from '@potluck/api/hub-texts';
import type { Device } from '@potluck/protocol';
import type { GridWorker } from '../gridView.ts';
import { isSoftwareGpu } from '../isGpu.ts';
import { factorsApart, servedFirst, typicalOf } from './typicalOf.ts';

/** A number with where it comes from. */
export interface Estimate {
  milliseconds: number;
  basis: Basis;
  explanation: string;
}

/** How fast a worker's steps of one token are: `fixedMs`, and `msPerByte` for each byte of weights that they read. */
export interface TokenSpeed extends Omit<Estimate, 'milliseconds'> {
  fixedMs: number;
  msPerByte: number;
}

/** What a worker's speed is known from. */
export type TimedWorker = Pick<GridWorker, 'device' | 'presence' | 'tokenSteps'>;

/** Weights read a second, as the package packs them, and what a step costs whatever it reads. */
interface DeviceClass {
  bytesPerSecond: number;
  stepMs: number;
  /** For people. */
  explanation: string;
}

type ReadingDevice = Extract<HubTextCode, `${string}-reads`>;

const deviceClass = (bytesPerSecond: number, stepMs: number, code: ReadingDevice): DeviceClass => ({
  bytesPerSecond,
  stepMs,
  explanation: hubText(code, { room: formatBytes(bytesPerSecond) }),
});

/**
 * What devices of a kind do. CPU and wasm: measured on two cores of an AMD EPYC, with two threads. MiniMind2-small, whose
 * steps read 27 MB (8-bit weights), takes 2 to 4 ms a token on the CPU, and 9 to 11 ms on wasm, where tabs unpack the
 * weights to float32 when they load them (45 to 65 ms where there is no room for that). A 4-bit model of 135 million
 * parameters reads as many packed bytes a second there. GPUs: guesses on the careful side, for an integrated one that
 * reads a fifth of its memory's speed and takes 15 ms to hand a result back.
 */
const deviceClasses: Record<Device['kind'], DeviceClass> = {
  cpu: deviceClass(8e9, 0.5, 'processor-reads'),
  wasm: deviceClass(3e9, 2, 'browser-reads'),
  webgpu: deviceClass(20e9, 15, 'browser-gpu-reads'),
  cuda: deviceClass(100e9, 3, 'cuda-reads'),
};
/** A GPU that is a program on the processor. */
const softwareGpu = deviceClass(15e6, 15, 'software-gpu-reads');

/**
 * How many times as long a tab's steps take when nobody looks at it. Hidden: 22.7 tokens a second became 8.4 elsewhere
 * (a tab that keeps itself awake does better, which its own measurements then show). Frozen: about to stop.
 */
const throttled = { visible: 1, hidden: 2.7, frozen: 10 };

/**
 * A byte of caches costs a step as much as so many of weights: on two cores of an AMD EPYC, 1.2 with GroupQueryAttention
 * (32 layers of 960), 3 with attention of plain operators (minimind2-small), from 64 and 1,500 tokens of context.
 */
const cacheShare = 2;
/** Samples count half where their steps read so many times as much. */
const alikeBytes = 1.2;

/** What a step reads. */
export interface StepReads {
  weightBytes: number;
  /** Default 0. */
  cacheBytes?: number;
}

/** What a step reads, in bytes of weights. */
export function readBytes({ weightBytes, cacheBytes = 0 }: StepReads): number {
  return weightBytes + cacheShare * cacheBytes;
}

/**
 * @param wanted the step that is asked for; `stepMs` takes its `readBytes`
 * @param tokenSteps samples to go by, last measured first. Default: all of the worker's
 */
export function tokenSpeed(
  { device, presence = 'visible', tokenSteps: all }: TimedWorker,
  wanted: StepReads & { model: string },
  tokenSteps: readonly StepSample[] = all,
): TokenSpeed {
  const { bytesPerSecond, stepMs: classMs, explanation } = classOf(device);
  const isHidden = presence !== 'visible';
  const alike = tokenSteps.filter(({ hidden = false }) => hidden === isHidden);
  const samples = alike.length > 0 ? alike : tokenSteps;
  const slower = alike.length > 0 && presence !== 'frozen' ? 1 : throttled[presence];
  const because =
    slower === 1
      ? ''
      : `; ${hubText(presence === 'frozen' ? 'slowed-while-frozen' : 'slowed-while-hidden', { times: slower })}`;
  const wantedBytes = readBytes(wanted);
  const model = modelToGoBy(samples, wanted);
  const known = servedFirst(samples.filter((one) => one.model === model));
  const speedOf = (milliseconds: number, bytes: number): Pick<TokenSpeed, 'fixedMs' | 'msPerByte'> => {
    // What does not grow with the layers is at most half of what was measured.
    const fixedMs = Math.min(classMs, milliseconds / 2);
    return { fixedMs, msPerByte: (milliseconds - fixedMs) / Math.max(1, bytes) };
  };
  const milliseconds = typicalOf(known, {
    value: (one) => stepMs(speedOf(one.milliseconds, readBytes(one)), wantedBytes),
    distance: (one) => factorsApart(readBytes(one), wantedBytes, alikeBytes),
  });
  const [last] = known;
  if (milliseconds === undefined || !last) {
    return {
      fixedMs: slower * classMs,
      msPerByte: (slower * 1000) / bytesPerSecond,
      basis: 'estimated',
      explanation: `${explanation}${because}`,
    };
  }
  const isServed = last.source === 'served';
  const speed = speedOf(slower * milliseconds, wantedBytes);
  return model === wanted.model && slower === 1
    ? {
        ...speed,
        basis: 'measured',
        explanation: hubText(isServed ? 'measured-in-answers' : 'measured-when-tried', {}),
      }
    : {
        ...speed,
        basis: 'scaled',
        explanation: `${hubText(isServed ? 'from-answers' : 'from-trial', { model: String(model) })}${because}`,
      };
}

/** How long a step takes that reads so many bytes, in milliseconds. */
export function stepMs(
  { fixedMs, msPerByte }: Pick<TokenSpeed, 'fixedMs' | 'msPerByte'>,
  bytes: number,
): number {
  return fixedMs + msPerByte * bytes;
}

const classOf = (device: Pick<Device, 'kind' | 'description'>): DeviceClass =>
  isSoftwareGpu(device) ? softwareGpu : deviceClasses[device.kind];

/** The model itself where it was measured, else that whose step read about as much. */
function modelToGoBy(
  samples: readonly StepSample[],
  { model, weightBytes }: StepReads & { model: string },
): string | undefined {
  if (samples.some((one) => one.model === model)) return model;
  const distance = (sample: StepSample): number =>
    Math.abs(Math.log(Math.max(1, sample.weightBytes) / Math.max(1, weightBytes)));
  return [...samples].sort((one, other) => distance(one) - distance(other))[0]?.model;
}
