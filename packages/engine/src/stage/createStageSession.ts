/** ONNX Runtime's session of a stage: which graph it runs, and the options that it is made with. */
import {
  batchSteps,
  lastLogits,
  returnNewRows,
  slotSteps,
  UnsupportedModelError,
  type BatchedStage,
  type SlottedStage,
} from '@potluck/onnx';
import type { StageDescription, StageTensor } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { createCacheStrategy } from '../cache/cacheStrategy.ts';
import { mostSlots } from '../cache/slotArena.ts';
import type { StageArtifact } from '../contract/stage.ts';
import { BadStepError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { batchedSession } from './batchedSession.ts';
import { compute } from './compute.ts';
import { encoderSession } from './encoderSession.ts';
import { findSlotShape } from './findSlotShape.ts';
import { findStepShape } from './findStepShape.ts';
import { singleSession } from './singleSession.ts';
import { slotSession } from './slotSession.ts';
import type { StageOptions } from './stageOptions.ts';
import type { StageSession } from './stageSession.ts';

/** From onnxruntime_session_options_config_keys.h: where external data is, for a graph that is given as bytes. */
const folderOption = 'model_external_initializers_file_folder_path';

/** Caches of a stage from which on groups of idle slots cost a lone session more than they save two: each has its own nodes. */
const manyCaches = 40;

/**
 * Slots of a batched graph: a lone session pays for one, for what skips the other groups, and for feeding their idle caches.
 * Eight sessions in a run are where the gain ends on processors. Measured with 32 layers of 960 in q4, one thread, processor
 * milliseconds a token for 1, 2, 4 and 8 sessions: 37.1, 26.4, 17.4, 18.2 with [1, 3]; 37.5, 27.0, 17.2, 15.0 with [1, 3, 4];
 * 38.5, 23.9, 17.3, 15.1 with [1, 1, 2, 4].
 */
function groupSizesFor({ caches }: StageDescription): readonly number[] {
  return caches.length > manyCaches ? [1, 3, 4] : [1, 1, 2, 4];
}

/** Must run in the queue, as everything that it returns. @throws ComputeError */
export async function createStageSession(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
): Promise<StageSession> {
  const { encoding } = artifact.description;
  if (encoding) return createEncoder(ort, artifact, options, encoding);
  const shared =
    (await createBatched(ort, artifact, options)) ?? (await createSlotted(ort, artifact, options));
  return shared ?? createSingle(ort, artifact, options);
}

/** @returns undefined where the stage's sessions can't share runs */
async function createBatched(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
): Promise<StageSession | undefined> {
  if (options.cacheStrategy !== 'rows') return undefined;
  const { description } = artifact;
  const stage = await batchedGraph(artifact);
  if (!stage) return undefined;
  const session = await loadSession(ort, { ...artifact, graph: stage.graph }, options);
  const parts = { ort, description, stage, session };
  let shape: Awaited<ReturnType<typeof findStepShape>>;
  try {
    const { mostFilledRows = 1 } = options;
    shape = await findStepShape(ort, description, mostFilledRows, (rows) => batchedSession(parts, rows).run);
  } catch (error) {
    await release(session);
    throw error;
  }
  if (!shape) {
    await release(session);
    return undefined;
  }
  const members = stage.groups.reduce((sum, { slots }) => sum + slots.length, 0);
  return {
    stepShape: { ...shape, members },
    givesLogitRows: true,
    ...batchedSession(parts, shape.rows),
    release: () => release(session),
  };
}

async function batchedGraph({ graph, description }: StageArtifact): Promise<BatchedStage | undefined> {
  try {
    return await batchSteps(graph, description, groupSizesFor(description));
  } catch (error) {
    if (error instanceof UnsupportedModelError) return undefined;
    throw error;
  }
}

/**
 * A tab's agent has a result and gives the next step to the engine in a fraction of it; a run on a GPU takes several times as
 * long, whoever is in it.
 */
const slottedWaitMs = 2;

/** @returns undefined where the stage's sessions can't share runs */
async function createSlotted(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
): Promise<StageSession | undefined> {
  const { cacheStrategy, cacheBytes, gpuDevice, mostFilledRows = 1, mostLoneTime } = options;
  if (cacheStrategy !== 'in-place') return undefined;
  const { description } = artifact;
  const strategy = createCacheStrategy(cacheStrategy, ort, description.caches, cacheBytes, { gpuDevice });
  const { arena } = strategy;
  const stage = arena && (await slottedGraph(artifact));
  if (!stage) return undefined;
  const session = await loadSession(ort, { ...artifact, graph: stage.graph }, options);
  const runWith = (rows: number) => slotSession({ ort, description, stage, session, arena }, rows).run;
  let shape: Awaited<ReturnType<typeof findSlotShape>>;
  try {
    shape = await findSlotShape(
      { ort, description, strategy, cacheBytes, runWith },
      { mostRows: mostFilledRows, mostLoneTime },
    );
  } catch (error) {
    await release(session);
    throw error;
  }
  // What was tried is no measure for what sessions will take.
  strategy.clear();
  if (!shape) {
    await release(session);
    return undefined;
  }
  return {
    ...{ stepShape: { ...shape, members: mostSlots }, givesLogitRows: true, strategy },
    waitMs: slottedWaitMs,
    run: runWith(shape.rows),
    release: () => release(session),
  };
}

async function slottedGraph({ graph, description }: StageArtifact): Promise<SlottedStage | undefined> {
  try {
    return await slotSteps(graph, description);
  } catch (error) {
    if (error instanceof UnsupportedModelError) return undefined;
    throw error;
  }
}

async function createSingle(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
): Promise<StageSession> {
  const { description } = artifact;
  const rows = options.cacheStrategy === 'rows' ? returnNewRows(artifact.graph, description) : undefined;
  const graph = rows?.graph ?? artifact.graph;
  const many = usesGpu(options) ? undefined : await lastLogits(graph, description);
  const session = await loadSession(ort, { ...artifact, graph: many?.graph ?? graph }, options);
  // onnxruntime-node 1.30 mixes the outputs' locations up when one is left out: caches then come back to the CPU.
  const fetchesLogits = usesGpu(options) && options.cacheStrategy === 'growing';
  return {
    stepShape: { members: 1, rows: 1, replay: 'steps' },
    givesLogitRows: many !== undefined,
    ...singleSession({
      ...{ ort, description, session, fetchesLogits },
      pastLengthInput: rows?.pastLengthInput,
      logitsFromInput: many?.logitsFromInput,
    }),
    release: () => release(session),
  };
}

async function createEncoder(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
  encoding: StageTensor,
): Promise<StageSession> {
  const { description } = artifact;
  const session = await loadSession(ort, artifact, options);
  return {
    stepShape: { members: 1, rows: 1, replay: 'steps' },
    givesLogitRows: false,
    run: () => Promise.reject(new BadStepError(`${description.model} is an encoder, which has no steps`)),
    ...encoderSession({ ort, inputs: description.inputs, encoding, session }),
    release: () => release(session),
  };
}

function release(session: InferenceSession): Promise<void> {
  return compute('ONNX Runtime did not release the stage', () => session.release());
}

/** Apart from the session's closures, which would keep the weights for as long as it lives. */
function loadSession(
  ort: OrtModule,
  { description, graph, weights, weightsFolder }: StageArtifact,
  options: StageOptions,
): Promise<InferenceSession> {
  return compute('ONNX Runtime did not accept the stage', () =>
    ort.InferenceSession.create(graph, {
      ...sessionOptions(description, options),
      ...(weightsFolder === undefined
        ? { externalData: weights.map(({ path, data }) => ({ path, data })) }
        : { extra: { session: { [folderOption]: weightsFolder } } }),
    }),
  );
}

function sessionOptions(
  description: StageDescription,
  options: StageOptions,
): InferenceSession.SessionOptions {
  return {
    executionProviders: options.executionProviders,
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads, interOpNumThreads: 1 }),
    ...(usesGpu(options) ? { preferredOutputLocation: outputLocations(description) } : {}),
  };
}

/** Caches stay on the device; everything else is read once, as the run returns. */
function outputLocations(description: StageDescription): Record<string, Tensor.DataLocation> {
  const locations: Record<string, Tensor.DataLocation> = {};
  for (const { name } of description.boundaryOut) locations[name] = 'cpu';
  if (description.logits) locations[description.logits.name] = 'cpu';
  for (const { output: name } of description.caches) locations[name] = 'gpu-buffer';
  return locations;
}

export function usesGpu({ executionProviders }: StageOptions): boolean {
  return executionProviders.some(
    (provider) => (typeof provider === 'string' ? provider : provider.name) === 'webgpu',
  );
}
