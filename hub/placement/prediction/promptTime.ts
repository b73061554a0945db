/** How long a prompt takes until its first token comes. */
import type { Device } from '@potluck/protocol';
import { linkBetween, type GridView, type GridWorker } from '../gridView.ts';
import type { StageAt } from '../layerRange.ts';
import { hopTime } from './hopTime.ts';
import { stepMs, tokenSpeed } from './stepTime.ts';
import type { PromptSample } from './samples.ts';
import { frameBytesPerToken, weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';

/**
 * What each further token of a chunk costs, as part of a step of one token: weights are read once for all. CPU and
 * wasm: measured. GPUs: from 61 to 1,498 tokens on an NVIDIA H200, where a step is bound by dispatching kernels.
 */
const furtherToken: Record<Device['kind'], number> = { cpu: 0.2, wasm: 0.25, webgpu: 0.02, cuda: 0.02 };

/** A prompt, and in how long chunks it runs. */
export interface PromptLength {
  tokens: number;
  chunkTokens: number;
}

/**
 * Chunks follow each other through the stages: the last one comes out when all stages have passed it and the slowest one
 * those before it.
 * @param stages all of one replica, in order; workers that are not in the grid count for nothing
 * @returns milliseconds
 */
export function promptTime(
  model: PredictedModel,
  stages: readonly StageAt[],
  grid: GridView,
  { tokens, chunkTokens }: PromptLength,
): number {
  const chunks = Math.max(1, Math.ceil(tokens / chunkTokens));
  const length = Math.max(1, tokens / chunks);
  const times = stages.map(({ workerId, firstLayer, lastLayer }) => {
    const worker = grid.workers.get(workerId);
    const weightBytes = weightBytesPerToken(model, { firstLayer, lastLayer });
    return worker ? chunkMs(worker, { model: model.id, weightBytes, tokens: length }) : 0;
  });
  const hops = stages.slice(1).map(({ workerId, firstLayer }, index) => {
    const before = (stages[index] as StageAt).workerId;
    if (before === workerId) return 0;
    const bytes = length * frameBytesPerToken(model, firstLayer);
    return hopTime(linkBetween(grid, before, workerId), bytes).milliseconds;
  });
  const once = [...times, ...hops].reduce((sum, time) => sum + time, 0);
  return once + (chunks - 1) * Math.max(...times, ...hops);
}

/** @param work a chunk of so many tokens that reads so many bytes of weights */
function chunkMs(
  worker: Pick<GridWorker, 'device' | 'presence' | 'tokenSteps' | 'promptSteps'>,
  { model, weightBytes, tokens }: { model: string; weightBytes: number; tokens: number },
): number {
  const speed = tokenSpeed(worker, { model, weightBytes });
  const further = furtherMsPerByte(worker.promptSteps, { model, tokens }, (bytes) => stepMs(speed, bytes));
  const usual = furtherToken[worker.device.kind] * speed.msPerByte;
  return stepMs(speed, weightBytes) + (tokens - 1) * weightBytes * (further ?? usual);
}

/** What each further token of a chunk costs for each byte, by what was measured with this model. */
function furtherMsPerByte(
  samples: readonly PromptSample[],
  { model, tokens }: { model: string; tokens: number },
  firstMs: (weightBytes: number) => number,
): number | undefined {
  const distance = (sample: PromptSample): number => Math.abs(Math.log(sample.tokens / tokens));
  const [sample] = samples
    .filter((one) => one.model === model && one.tokens > 1)
    .sort((one, other) => distance(one) - distance(other));
  if (!sample) return undefined;
  const furtherMs = Math.max(0, sample.milliseconds - firstMs(sample.weightBytes));
  return furtherMs / (sample.tokens - 1) / Math.max(1, sample.weightBytes);
}
