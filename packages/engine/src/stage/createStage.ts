/** Puts a stage together: session, caches, queue, sampling. */
import { checkStageGraph } from '@potluck/onnx';
import { CacheStore, whileRunning, type CacheSlot } from '../cache/cacheStore.ts';
import { createCacheStrategy } from '../cache/cacheStrategy.ts';
import type { Stage, StageArtifact, StepRequest, StepResult } from '../contract/stage.ts';
import { BadStepError, CacheMissError, ComputeError, NoRoomError, StageGoneError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { RunQueue } from '../queue/runQueue.ts';
import { needsHistory } from '../sampling/processLogits.ts';
import { sampleToken, type SampledToken } from '../sampling/sampleToken.ts';
import type { StageOptions } from './stageOptions.ts';
import { createStageSession, type StageSession } from './stageSession.ts';
import { checkStep } from './stepInputs.ts';
import { boundaryTensors, lastLogits } from './stepOutputs.ts';
import { unpackWeights } from './unpackWeights.ts';
import { warmUp } from './warmUp.ts';

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
  const strategy = createCacheStrategy(
    options.cacheStrategy,
    ort,
    description.caches,
    cacheBytes,
    options.gpuDevice,
  );
  const store = new CacheStore(description, strategy, cacheBytes);
  const session = await openSession(ort, artifact, options, queue);
  let disposed: Promise<void> | undefined;

  const checkAlive = (): void => {
    if (disposed) throw new StageGoneError('The stage was disposed');
  };

  const runStep = async (slot: CacheSlot, request: StepRequest): Promise<Omit<StepResult, 'queueMs'>> => {
    const started = performance.now();
    checkPlace(slot, request);
    const { boundaryOut, logits } = description;
    const sampling = request.sample && logits ? { logits, ...samplingOf(slot, request) } : undefined;
    const wanted = boundaryOut.map(({ name }) => name);
    if (sampling) wanted.push(sampling.logits.name);
    const outputs = await session.run(slot, request, wanted);
    slot.length = request.position + request.length;
    const result: Omit<StepResult, 'queueMs'> = { computeMs: 0 };
    if (boundaryOut.length > 0) result.boundary = boundaryTensors(outputs, boundaryOut);
    if (sampling) result.sampled = sampling.draw(lastLogits(outputs, sampling.logits));
    result.computeMs = performance.now() - started;
    return result;
  };

  const stage: Stage = {
    description,
    cacheBytes,
    open: async (request) => {
      checkAlive();
      store.open(request);
    },
    step: async (request) => {
      checkAlive();
      checkStep(description, request);
      const slot = store.get(request.cacheId);
      const queued = performance.now();
      return queue.run({
        priority: request.length === 1 ? 'first' : 'later',
        orderKey: slot,
        abandoned: () => {
          if (disposed) return new StageGoneError('The stage was disposed');
          return slot.released ? new CacheMissError(`Cache ${slot.cacheId} was released`) : undefined;
        },
        run: async () => {
          const queueMs = performance.now() - queued;
          return { ...(await whileRunning(slot, () => runStep(slot, request))), queueMs };
        },
      });
    },
    fork: async (fromCacheId, toCacheId, length) => {
      checkAlive();
      store.fork(fromCacheId, toCacheId, length);
    },
    truncate: async (cacheId, length) => {
      checkAlive();
      store.truncate(cacheId, length);
    },
    release: async (cacheId) => store.release(cacheId),
    warmUp: () => warmUp(stage),
    usage: async () => store.usage,
    dispose: () => {
      disposed ??= queue.run({
        priority: 'later',
        run: async () => {
          store.releaseAll();
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

/** @throws CacheMissError, NoRoomError */
function checkPlace(slot: CacheSlot, { epoch, position, length }: StepRequest): void {
  if (slot.epoch !== epoch || slot.length !== position) {
    throw new CacheMissError(
      `Step for epoch ${epoch}, position ${position}; ` +
        `cache ${slot.cacheId} is in epoch ${slot.epoch}, at ${slot.length}`,
    );
  }
  if (position + length > slot.capacity) {
    const left = slot.capacity - position;
    throw new NoRoomError(`Cache ${slot.cacheId}`, length, left, slot.capacity, 'tokens');
  }
}

/**
 * How the token after this step is drawn: checked before the run, so that a step that can't be sampled changes nothing.
 * @throws BadStepError, CacheMissError
 */
function samplingOf(
  slot: CacheSlot,
  { position, length }: StepRequest,
): { draw(logits: Float32Array): SampledToken } {
  const { sampling, history } = slot;
  if (!sampling) throw new BadStepError(`Cache ${slot.cacheId} was opened without a sampling description`);
  const place = position + length;
  if (needsHistory(sampling) && (history?.length ?? 0) < place) {
    throw new CacheMissError(
      `Penalties for the token at ${place} need all tokens before it; ` +
        `cache ${slot.cacheId} was given ${history?.length ?? 0}`,
    );
  }
  return {
    draw: (logits) => {
      history?.truncate(place);
      const sampled = sampleToken(logits, sampling, history, place);
      if (history?.length === place) history.append(sampled.token);
      return sampled;
    },
  };
}
