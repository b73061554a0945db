/** ONNX Runtime's session of a stage: which graph it runs, and the options that it is made with. */
import {
  batchPlain,
  batchSteps,
  dummyRows,
  lastLogits,
  returnNewRows,
  slotSteps,
  UnsupportedModelError,
  type BatchedStage,
  type DummyRowsStage,
} from '@potluck/onnx';
import type { RunShape, StageDescription, StageTensor } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { createCacheStrategy } from '../cache/cacheStrategy.ts';
import { mostSlots } from '../cache/slotArena.ts';
import type { StageArtifact, StepShape } from '../contract/stage.ts';
import { BadStepError, ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { batchedSession } from './batchedSession.ts';
import { compute } from './compute.ts';
import { encoderSession } from './encoderSession.ts';
import { dummyRowsSession } from './dummyRowsSession.ts';
import { findSlotShape } from './findSlotShape.ts';
import { findStepShape, granularities, stepsAsChunks } from './findStepShape.ts';
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

/**
 * As `groupSizesFor`, for plain attention, which is some forty nodes in each layer and slot. Measured with minimind2-small, eight
 * layers, one thread: loading takes 0.3 s of processor time as exported, 0.5 s with four slots and 1.2 s with eight; a token of
 * one, two, four and eight sessions takes 8.9, 4.3, 3.2 and 2.6 ms with eight slots (a session by itself as exported: 10.7).
 */
const plainGroupSizes = [1, 1, 2];

/** Must run in the queue, as everything that it returns. @throws ComputeError */
export async function createStageSession(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
): Promise<StageSession> {
  const { encoding } = artifact.description;
  if (encoding) return createEncoder(ort, artifact, options, encoding);
  const { runShape } = artifact;
  const same = runShape && (await createLike(ort, artifact, options, runShape));
  if (same) return same;
  const shared = await createShared(ort, artifact, options);
  return shared ?? createSingle(ort, artifact, options);
}

/**
 * A device of the same kind may have been tried in a quieter moment, or in a busier one: what a session's first steps ran in, its
 * later ones are to run in, wherever that is.
 * @returns undefined where that is not possible here, or would change bits
 */
async function createLike(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
  runShape: RunShape,
): Promise<StageSession | undefined> {
  const { graph, rows } = runShape;
  // A processor's trial always finds the same: a stage that ran in its own graph ran so on a GPU, or does so here again.
  if (graph === 'own')
    return options.cacheStrategy === 'rows' ? undefined : createSingle(ort, artifact, options);
  const { mostLoneTime: _, ...rest } = options;
  const session = await createShared(ort, artifact, { ...rest, mostFilledRows: rows }, runShape);
  if (session?.stepShape.graph === graph && session.stepShape.rows === rows) return session;
  await session?.release();
  return undefined;
}

/**
 * @param like the only shape that is of use; all are where undefined
 * @returns undefined where each step must run in the shapes of the model's own graph
 */
async function createShared(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
  like?: RunShape,
): Promise<StageSession | undefined> {
  if (options.cacheStrategy === 'rows') return createForRows(ort, artifact, options, like);
  return isOfUse('slots', like) ? unlessRefused(() => createSlotted(ort, artifact, options)) : undefined;
}

/** As `createShared`. */
async function createForRows(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
  like: RunShape | undefined,
): Promise<StageSession | undefined> {
  const { graph, description } = artifact;
  const { mostFilledRows = 1 } = options;
  const triedRows = (most: number): readonly number[] =>
    granularities.filter((rows) => (like ? rows === like.rows : rows <= most));
  if (isOfUse('rows', like)) {
    const fused = await unlessUnsupported(() => batchSteps(graph, description, groupSizesFor(description)));
    if (fused) return createBatched(ort, artifact, fused, { options, rows: triedRows(mostFilledRows) });
    // In the shapes of its own graph, plain attention could be computed again only step by step.
    const exact = { options, rows: triedRows(Math.max(mostFilledRows, dummyGranularity)) };
    const plain = await unlessUnsupported(() => batchPlain(graph, description, plainGroupSizes));
    const batched = plain && (await unlessRefused(() => createBatched(ort, artifact, plain, exact)));
    if (batched?.stepShape.replay === 'chunks') return batched;
    await batched?.release();
  }
  if (!isOfUse('dummy', like)) return undefined;
  const alone = await unlessUnsupported(() => dummyRows(graph, description));
  return alone && unlessRefused(() => createWithDummyRows(ort, artifact, alone, options));
}

function isOfUse(graph: StepShape['graph'], like: RunShape | undefined): boolean {
  return like === undefined || like.graph === graph;
}

/** Answers of a run leave one after the other, and the next steps come so, too: a tenth or two of a millisecond apart. */
const batchedWaitMs = 0.5;

/** @returns undefined where the stage's sessions can't share runs */
async function createBatched(
  ort: OrtModule,
  artifact: StageArtifact,
  stage: BatchedStage,
  { options, rows }: { options: StageOptions; rows: readonly number[] },
): Promise<StageSession | undefined> {
  const { description } = artifact;
  const session = await loadSession(ort, { ...artifact, graph: stage.graph }, options);
  const parts = { ort, description, stage, session };
  const shape = await unlessItFails(session, () =>
    findStepShape(ort, description, rows, (filled) => batchedSession(parts, filled).run),
  );
  if (!shape) return undefined;
  const members = stage.groups.reduce((sum, { slots }) => sum + slots.length, 0);
  return {
    stepShape: { graph: 'rows', ...shape, members },
    waitMs: batchedWaitMs,
    givesLogitRows: true,
    cachesAreRows: true,
    ...batchedSession(parts, shape.rows),
    release: () => release(session),
  };
}

/**
 * Rows that a step at a stage with plain attention may be filled up to a multiple of: without it, kernels that round a single row
 * otherwise would make a replay as slow as the answer was.
 */
const dummyGranularity = 2;

/** @returns undefined where steps leave other bits than chunks all the same */
async function createWithDummyRows(
  ort: OrtModule,
  artifact: StageArtifact,
  stage: DummyRowsStage,
  options: StageOptions,
): Promise<StageSession | undefined> {
  const { description } = artifact;
  const session = await loadSession(ort, { ...artifact, graph: stage.graph }, options);
  const { run } = dummyRowsSession({ ort, description, stage, session }, dummyGranularity);
  if (!(await unlessItFails(session, () => stepsAsChunks(ort, description, run)))) return undefined;
  return {
    stepShape: { graph: 'dummy', members: 1, rows: dummyGranularity, replay: 'chunks' },
    givesLogitRows: true,
    cachesAreRows: true,
    run,
    release: () => release(session),
  };
}

/** Tries a session, and releases it where the trial fails or says no. */
async function unlessItFails<Found>(
  session: InferenceSession,
  trial: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  let found: Found | undefined;
  try {
    found = await trial();
    return found;
  } finally {
    if (!found) await release(session);
  }
}

/** @returns undefined for a graph that can't be rewritten so */
async function unlessUnsupported<Rewritten>(
  rewrite: () => Promise<Rewritten>,
): Promise<Rewritten | undefined> {
  try {
    return await rewrite();
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
  const stage = arena && (await unlessUnsupported(() => slotSteps(artifact.graph, description)));
  if (!stage) return undefined;
  const session = await loadSession(ort, { ...artifact, graph: stage.graph }, options);
  const runWith = (rows: number) => slotSession({ ort, description, stage, session, arena }, rows).run;
  const shape = await unlessItFails(session, () =>
    findSlotShape(
      { ort, description, strategy, cacheBytes, runWith },
      { mostRows: mostFilledRows, mostLoneTime },
    ),
  ).finally(() => strategy.clear());
  if (!shape) return undefined;
  return {
    stepShape: { graph: 'slots', ...shape, members: mostSlots },
    waitMs: slottedWaitMs,
    givesLogitRows: true,
    strategy,
    run: runWith(shape.rows),
    release: () => release(session),
  };
}

/** @returns undefined where ONNX Runtime does not take a graph that stands for one which it may take */
async function unlessRefused<Created>(create: () => Promise<Created>): Promise<Created | undefined> {
  try {
    return await create();
  } catch (error) {
    if (error instanceof ComputeError) return undefined;
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
    stepShape: { graph: 'own', members: 1, rows: 1, replay: 'steps' },
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
    stepShape: { graph: 'own', members: 1, rows: 1, replay: 'steps' },
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
