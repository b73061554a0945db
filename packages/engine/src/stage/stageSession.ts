/** ONNX Runtime's session of a stage: the options that it is made with, and one run with caches in and out. */
import { returnNewRows } from '@potluck/onnx';
import type { StageDescription } from '@potluck/protocol';
import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { CacheSlot } from '../cache/cacheStore.ts';
import { ComputeError } from '../errors.ts';
import type { OrtModule } from '../ortModule.ts';
import { StepInputs } from './stepInputs.ts';
import { output } from './stepOutputs.ts';
import type { StageArtifact, StepRequest } from '../contract/stage.ts';
import type { StageOptions } from './stageOptions.ts';

/** From onnxruntime_session_options_config_keys.h: where external data is, for a graph that is given as bytes. */
const folderOption = 'model_external_initializers_file_folder_path';

export interface StageSession {
  /**
   * Runs a step and commits its rows to the slot's tensors; its length is the caller's to raise.
   * @param wanted outputs to return, caches left out
   */
  run(slot: CacheSlot, request: StepRequest, wanted: readonly string[]): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** Must run in the queue, as everything that it returns. @throws ComputeError */
export async function createStageSession(
  ort: OrtModule,
  artifact: StageArtifact,
  options: StageOptions,
): Promise<StageSession> {
  const { description } = artifact;
  const rows = options.cacheStrategy === 'rows' ? returnNewRows(artifact.graph, description) : undefined;
  const pastLengthInput = rows?.pastLengthInput;
  const session = await loadSession(ort, rows ? { ...artifact, graph: rows.graph } : artifact, options);
  const inputs = new StepInputs(ort, description);
  // onnxruntime-node 1.30 mixes the outputs' locations up when one is left out: caches then come back to the CPU.
  const fetchesLogits =
    usesGpu(options) && options.cacheStrategy === 'growing' ? description.logits?.name : undefined;
  return {
    run: async (slot, request, wanted) => {
      const { position, length } = request;
      const feeds = inputs.feeds(request);
      if (pastLengthInput !== undefined) {
        feeds[pastLengthInput] = new ort.Tensor('int64', BigInt64Array.of(BigInt(position)), [1]);
      }
      const fetches: Record<string, Tensor | null> = {};
      for (const name of wanted) fetches[name] = null;
      if (fetchesLogits) fetches[fetchesLogits] = null;
      for (const [index, cache] of description.caches.entries()) {
        const tensor = slot.tensors[index];
        if (!tensor) throw new ComputeError(`No cache tensor for "${cache.input}"`);
        feeds[cache.input] = tensor.past(position);
        fetches[cache.output] = tensor.present;
      }
      const outputs = await compute(`ONNX Runtime failed in ${length} tokens at ${position}`, () =>
        session.run(feeds, fetches as InferenceSession.FetchesType),
      );
      for (const [index, cache] of description.caches.entries()) {
        slot.tensors[index]?.commit(output(outputs, cache.output), position, length);
      }
      return outputs;
    },
    release: () => compute('ONNX Runtime did not release the stage', () => session.release()),
  };
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

function usesGpu({ executionProviders }: StageOptions): boolean {
  return executionProviders.some(
    (provider) => (typeof provider === 'string' ? provider : provider.name) === 'webgpu',
  );
}

async function compute<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    throw new ComputeError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
