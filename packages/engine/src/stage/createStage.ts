/** Puts a stage together: session, caches, queue, sampling. */
import { checkStageGraph } from '@potluck/onnx';
import { CacheStore, type CacheSlot } from '../cache/cacheStore.ts';
import { createCacheStrategy } from '../cache/cacheStrategy.ts';
import { DeviceCutter } from '../cache/deviceCutter.ts';
import type { Stage, StageArtifact, StepResult } from '../contract/stage.ts';
import { BadStepError, CacheMissError, ComputeError, StageGoneError, TruncateError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { RunQueue, type RunBatch } from '../queue/runQueue.ts';
import { HeldAnswers } from './heldAnswers.ts';
import { joinRows, rowByRow } from './rowByRow.ts';
import { runSteps, type QueuedStep } from './runSteps.ts';
import type { StageOptions } from './stageOptions.ts';
import { createStageSession, usesGpu } from './createStageSession.ts';
import type { StageSession } from './stageSession.ts';
import { checkText } from './encoderSession.ts';
import { checkScore, checkStep } from './stepInputs.ts';
import { unpackWeights } from './unpackWeights.ts';
import { warmUp } from './warmUp.ts';

/** A run waits for company no longer than for this part of what the last one took, in case that nobody comes. */
const mostWaitShare = 1 / 16;

/**
 * Loads a stage. What `floatWeights` takes of `cacheBytes` is missing in the stage's `cacheBytes`. The graph and the
 * weights may be let go when it returns.
 * @throws ComputeError if ONNX Runtime does not accept the graph, the weights or the options
 */
export async function createStage(
  ort: OrtModule,
  packed: StageArtifact,
  options: StageOptions,
): Promise<Stage> {
  await checkGraph(packed);
  const { artifact, cacheBytes } = options.floatWeights
    ? await unpackWeights(packed, options.cacheBytes)
    : { artifact: packed, cacheBytes: options.cacheBytes };
  const { description } = artifact;
  const queue = options.queue ?? new RunQueue();
  const cutter = usesGpu(options) ? new DeviceCutter(ort, options) : undefined;
  const held = new HeldAnswers(options.constraints, packed.vocabulary);
  const session = await openSession(ort, artifact, { ...options, cacheBytes }, queue);
  const strategy =
    session.strategy ??
    createCacheStrategy(options.cacheStrategy, ort, description.caches, cacheBytes, {
      ...{ gpuDevice: options.gpuDevice, cutter, allRows: session.cachesAreRows ?? false },
    });
  const store = new CacheStore(description, strategy, cacheBytes);
  let disposed: Promise<void> | undefined;

  const checkAlive = (): void => {
    if (disposed) throw new StageGoneError('The stage was disposed');
  };

  let lastRunMs = 0;
  const run = async (members: readonly QueuedStep[]): Promise<PromiseSettledResult<StepResult>[]> => {
    const began = performance.now();
    const results = await runSteps(description, session, members);
    lastRunMs = performance.now() - began;
    return results;
  };
  const steps: RunBatch<QueuedStep, StepResult> = {
    most: session.stepShape.members,
    get waitMs() {
      return Math.min(session.waitMs ?? 0, lastRunMs * mostWaitShare);
    },
    run,
  };
  // So that steps of one token wait for no more than one prompt's chunk.
  const alone = { most: 1, run };

  /** Cuts on the device take their turn between runs. @throws TruncateError; the cache is gone then */
  const settle = async (slot: CacheSlot): Promise<void> => {
    if (!slot.running && !slot.tensors.some(({ isUnsettled }) => isUnsettled)) return;
    try {
      await queue.run({
        ...{ priority: 'later', orderKey: slot },
        run: async () => {
          if (slot.released) return;
          for (const tensor of slot.tensors) await tensor.settle?.();
        },
      });
    } catch (cause) {
      held.released(slot.cacheId);
      store.release(slot.cacheId);
      throw new TruncateError(`Cache ${slot.cacheId} could not be cut on the device`, { cause });
    }
  };

  const stage: Stage = {
    description,
    cacheBytes,
    stepShape: session.stepShape,
    open: async (request) => {
      checkAlive();
      held.check(request);
      const slot = store.open(request);
      held.opened(request);
      if (request.from) await settle(slot);
    },
    step: async (request) => {
      checkAlive();
      checkStep(description, request);
      checkScore(description, request);
      const slot = store.get(request.cacheId);
      if (request.score && request.length > 1 && !session.givesLogitRows) {
        // All at once: what comes next for this cache waits behind them.
        return joinRows(await Promise.all(rowByRow(description, request).map((row) => stage.step(row))));
      }
      // Whoever waits for a grammar keeps nobody else waiting.
      const asked = held.allowedAfter(request);
      const allowed = asked && (await asked);
      const step: QueuedStep = { slot, request, queued: performance.now(), allowed };
      const place = {
        orderKey: slot,
        abandoned: () => {
          if (disposed) return new StageGoneError('The stage was disposed');
          return slot.released ? new CacheMissError(`Cache ${slot.cacheId} was released`) : undefined;
        },
      };
      const result =
        request.length === 1
          ? await queue.run({
              ...place,
              priority: 'first',
              batch: steps,
              member: step,
              wanted: request.runSize,
            })
          : await queue.run({ ...place, priority: 'later', batch: alone, member: step });
      return allowed ? held.take(slot, request, result) : result;
    },
    encode: async (request) => {
      checkAlive();
      const { encode } = session;
      if (!encode) throw new BadStepError(`${description.model} is no encoder`);
      checkText(description, request);
      const queued = performance.now();
      return queue.run({
        priority: 'later',
        abandoned: () => (disposed ? new StageGoneError('The stage was disposed') : undefined),
        run: async () => {
          const begun = performance.now();
          const vector = await encode(request);
          return { vector, queueMs: begun - queued, computeMs: performance.now() - begun };
        },
      });
    },
    truncate: async (cacheId, length) => {
      checkAlive();
      store.truncate(cacheId, length);
      if (cutter) await settle(store.get(cacheId));
    },
    release: async (cacheId) => {
      held.released(cacheId);
      store.release(cacheId);
    },
    resize: async (bytes) => {
      checkAlive();
      store.resize(bytes);
    },
    warmUp: () => warmUp(stage),
    usage: async () => store.usage,
    dispose: () => {
      disposed ??= queue.run({
        priority: 'later',
        run: async () => {
          held.releaseAll();
          store.releaseAll();
          await cutter?.release();
          await session.release();
        },
      });
      return disposed;
    },
  };
  return stage;
}

/**
 * ONNX Runtime on a disk reads whatever file a graph names: this stage's own and no other.
 * @throws ComputeError
 */
async function checkGraph({ description, graph, weights, weightsFolder }: StageArtifact): Promise<void> {
  const given = new Set(weights.map(({ path }) => path));
  const sizes = new Map(
    description.weights
      .filter(({ path }) => weightsFolder !== undefined || given.has(path))
      .map(({ path, parts }) => [path, parts.reduce((sum, { length }) => sum + length, 0)]),
  );
  try {
    await checkStageGraph(graph, sizes);
  } catch (cause) {
    throw new ComputeError(`The stage's graph is refused: ${(cause as Error).message}`, { cause });
  }
}

/** Apart from the stage's closures, which would keep the weights for as long as it lives. */
function openSession(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
  queue: RunQueue,
): Promise<StageSession> {
  return queue.run({ priority: 'later', run: () => createStageSession(ort, artifact, options) });
}
