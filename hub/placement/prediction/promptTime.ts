/** How long a prompt takes until its first token comes. */
import type { Device } from '@potluck/protocol';
import { linkBetween, type GridView, type GridWorker } from '../gridView.ts';
import type { StageAt } from '../layerRange.ts';
import { hopTime } from './hopTime.ts';
import { stepMs, tokenSpeed } from './stepTime.ts';
import { frameBytesPerToken, weightBytesPerToken, type PredictedModel } from './tokenBytes.ts';
import { factorsApart, servedFirst, typicalOf } from './typicalOf.ts';

/**
 * What each further token of a chunk costs, as part of a step of one token: weights are read once for all. CPU and
 * wasm: measured. GPUs: from 61 to 1,498 tokens on an NVIDIA H200, where a step is bound by dispatching kernels.
 */
const furtherToken: Record<Device['kind'], number> = { cpu: 0.2, wasm: 0.25, webgpu: 0.02, cuda: 0.02 };
/** Samples count half where their prompts, or chunks, were so many times as long. */
const alikeTokens = 2;
/**
 * What a request takes beside its stages' steps where nothing is known yet: template, tokenizer, opening the session at a
 * stage, the token's way to the hub. Measured: 6 to 30 ms for minimind2-small on two busy cores.
 */
const usualRequestMs = 10;
/** As unlike what is asked for as a prompt four times as long. */
const usualDistance = 2;

/** A prompt, and in how long chunks it runs. */
export interface PromptLength {
  tokens: number;
  chunkTokens: number;
}

/**
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
  const computingMs = passingMs(times, chunks);
  const usualMs = passingMs([...times, ...hops], chunks) - computingMs + usualRequestMs;
  const first = stages[0] && grid.workers.get(stages[0].workerId);
  const asked = { model: model.id, tokens, ways: waysOf(stages), usualMs };
  return computingMs + (first ? requestMs(first, asked) : usualMs);
}

/**
 * Chunks follow each other through the stages: the last one comes out when all stages have passed it and the slowest one
 * those before it.
 * @param times of one chunk at each stage, and on each way where they count
 */
export function passingMs(times: readonly number[], chunks: number): number {
  return times.reduce((sum, time) => sum + time, 0) + (chunks - 1) * Math.max(0, ...times);
}

/** Ways from worker to worker that a prompt goes. */
export function waysOf(stages: readonly Pick<StageAt, 'workerId'>[]): number {
  return stages.filter(({ workerId }, index) => index > 0 && stages[index - 1]?.workerId !== workerId).length;
}

/** @param work a chunk of so many tokens that reads so many bytes of weights */
function chunkMs(
  worker: Pick<GridWorker, 'device' | 'presence' | 'tokenSteps' | 'promptSteps'>,
  { model, weightBytes, tokens }: { model: string; weightBytes: number; tokens: number },
): number {
  const further = furtherToken[worker.device.kind];
  const inSteps = (length: number): number => 1 + (length - 1) * further;
  const known = servedFirst(worker.promptSteps.filter((one) => one.model === model));
  const milliseconds = typicalOf(known, {
    value: (one) =>
      (one.milliseconds * weightBytes * inSteps(tokens)) /
      (Math.max(1, one.weightBytes) * inSteps(one.tokens)),
    distance: (one) => factorsApart(one.tokens, tokens, alikeTokens),
  });
  if (milliseconds !== undefined) return milliseconds;
  const speed = tokenSpeed(worker, { model, weightBytes });
  return stepMs(speed, weightBytes) + (tokens - 1) * weightBytes * further * speed.msPerByte;
}

/**
 * What a request takes beside its stages' steps, by those that began at this worker. What is usual counts beside them, so that
 * one prompt of another length does not decide alone.
 */
function requestMs(
  { promptSteps }: Pick<GridWorker, 'promptSteps'>,
  { model, tokens, ways, usualMs }: { model: string; tokens: number; ways: number; usualMs: number },
): number {
  const known = promptSteps.flatMap(({ model: of, request }) =>
    of === model && request?.ways === ways
      ? [
          {
            milliseconds: request.milliseconds,
            distance: factorsApart(request.promptTokens, tokens, alikeTokens),
          },
        ]
      : [],
  );
  const usual = { milliseconds: usualMs, distance: usualDistance };
  const typical = typicalOf([...known, usual], {
    value: ({ milliseconds }) => milliseconds,
    distance: ({ distance }) => distance,
  });
  return typical ?? usualMs;
}
