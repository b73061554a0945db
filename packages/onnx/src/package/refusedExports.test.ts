/** Exports that can't be served are refused by their right name, from config.json and the graph alone. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MissingWeightsError, UnsupportedModelError } from '../errors.ts';
import { directoryModelFiles } from '../files/directoryModelFiles.ts';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import type { ModelFiles } from '../source.ts';
import { missingModels } from '../stage/testing/subjects.ts';
import { GraphBuilder } from '../testing/graphBuilder.ts';
import { readDecoderGraph } from './readDecoderGraph.ts';

/** The smallest graph that looks like a decoder with a cache. */
function tinyGraph(change: (graph: GraphBuilder) => void = () => undefined): ModelFiles {
  const graph = new GraphBuilder('tiny');
  graph.input('input_ids', 'int64', ['b', 's']);
  graph.input('past', 'float32', ['b', 2, 'p', 4]);
  graph.output('logits', 'float32', ['b', 's', 16]);
  graph.output('present', 'float32', ['b', 2, 't', 4]);
  change(graph);
  return memoryModelFiles({ 'model.onnx': writeModel(graph.model({ '': 21, 'com.microsoft': 1 })) });
}

const subgraph = { type: 'graph', value: new GraphBuilder('branch').graph } as const;

function addIf(graph: GraphBuilder, output: string): void {
  graph.node('If', 'choose', ['input_ids'], {}, [output]);
  graph.graph.nodes.at(-1)?.attributes.set('then_branch', subgraph);
}

describe('a made-up model', () => {
  it('of an encoder and a decoder is refused from its configuration', async () => {
    const unread: ModelFiles = { open: () => Promise.reject(new Error('nothing is to be read')) };
    const config = { model_type: 't5', is_encoder_decoder: true };
    await expect(readDecoderGraph(unread, 'model.onnx', config)).rejects.toThrow(
      /^Unsupported model: a model with an encoder and a decoder \(t5\)\. Take a model that is a decoder only/,
    );
  });

  it.each<[string, unknown, (graph: GraphBuilder) => void, RegExp]>([
    [
      'two decoders in one graph',
      {},
      (graph) => addIf(graph, 'logits'),
      /two decoders in one graph.*Take decoder_with_past_model/,
    ],
    ['LongRoPE', { rope_scaling: { type: 'longrope' } }, (graph) => addIf(graph, 'table'), /LongRoPE/],
    ['control flow', {}, (graph) => addIf(graph, 'table'), /control flow with a subgraph \(If choose\)/],
    [
      'embeddings for input',
      { hidden_size: 8 },
      ({ graph }) => {
        graph.inputs[0] = { name: 'inputs_embeds', type: 'float32', dims: ['b', 's', 8] };
      },
      /embedding is in a graph of its own \(inputs_embeds\)\. Take an export with the embedding inside/,
    ],
    ['no cache', {}, ({ graph }) => void graph.inputs.pop(), /without a cache.*decoder_with_past_model/],
  ])('with %s is refused by name', async (_, config, change, message) => {
    const reading = readDecoderGraph(tinyGraph(change), 'model.onnx', config);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toBeInstanceOf(UnsupportedModelError);
  });

  it('names all files with weights that are missing', async () => {
    const files = tinyGraph(({ graph }) => {
      for (const file of ['a.data', 'b.data', 'a.data']) {
        const name = `weight ${graph.initializers.size}`;
        const data = { kind: 'range', file, offset: 0, length: 4096 } as const;
        graph.initializers.set(name, { name, type: 'uint8', dims: [4096], data });
      }
    });
    const error: unknown = await readDecoderGraph(files, 'model.onnx', {}).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(MissingWeightsError);
    expect(error).toMatchObject({
      missing: ['a.data', 'b.data'],
      message: 'model.onnx: its weights are in files that are missing beside it: a.data and b.data',
    });
  });

  it('says which file Git has not fetched, be it the graph or its weights', async () => {
    const pointer = new TextEncoder().encode(
      `version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 12345\n`,
    );
    const graph = memoryModelFiles({ 'model.onnx': pointer });
    await expect(readDecoderGraph(graph, 'model.onnx', {})).rejects.toThrow(
      /^model\.onnx: a Git LFS pointer, not the file itself\. Run `git lfs pull`/,
    );
    const builder = new GraphBuilder('weights');
    const data = { kind: 'range', file: 'a.data', offset: 0, length: 4096 } as const;
    builder.graph.initializers.set('weight', { name: 'weight', type: 'uint8', dims: [4096], data });
    const weights = memoryModelFiles({
      'model.onnx': writeModel(builder.model({ '': 21 })),
      'a.data': pointer,
    });
    await expect(readDecoderGraph(weights, 'model.onnx', {})).rejects.toThrow(/^a\.data: a Git LFS pointer/);
  });

  it('needs WebGPU or CUDA where attention normalises queries and keys', async () => {
    const withInputs = (...last: string[]): ModelFiles =>
      tinyGraph((graph) => {
        const inputs = ['input_ids', '', '', 'past', '', '', '', '', '', '', '', '', '', '', ...last];
        graph.node('com.microsoft.GroupQueryAttention', 'attend', inputs, {}, ['logits', 'present']);
      });
    expect((await readDecoderGraph(withInputs('q', 'k'), 'model.onnx', {})).deviceKinds).toEqual([
      'webgpu',
      'cuda',
    ]);
    expect((await readDecoderGraph(withInputs(), 'model.onnx', {})).deviceKinds).toBeUndefined();
  });
});

const exports = path.join(process.env['POTLUCK_TEST_MODELS'] ?? '', 'exports');

if (missingModels) it.skip(missingModels, () => undefined);

describe.skipIf(missingModels !== undefined || !existsSync(exports))('a real export', () => {
  /** Without its weights: files beside the graph are as long as they are, and empty. */
  async function read(folder: string, graph: string): Promise<Awaited<ReturnType<typeof readDecoderGraph>>> {
    const config: unknown = JSON.parse(await readFile(path.join(exports, folder, 'config.json'), 'utf8'));
    const files = directoryModelFiles(path.join(exports, folder, 'onnx'));
    const graphFile = `${graph}.onnx`;
    const withoutWeights: ModelFiles = {
      open: async (name) => {
        const source = await files.open(name);
        const zeros = async (_: number, length: number): Promise<Uint8Array> => new Uint8Array(length);
        return name === graphFile ? source : { size: source.size, read: zeros };
      },
    };
    return readDecoderGraph(withoutWeights, graphFile, config);
  }

  it.each([
    ['genai-phi3long', 'model', /LongRoPE/],
    ['genai-qwen3_cuda_bf16', 'model', /numbers in bfloat16.*Take a variant in another precision/],
    ['genai-qwen3_noembed', 'model', /embedding is in a graph of its own \(inputs_embeds\)/],
    ['genai-qwen35', 'model', /embedding is in a graph of its own \(inputs_embeds\)/],
    ['genai-qwen35_embeds', 'model', /embedding is in a graph of its own \(inputs_embeds\)/],
    ['optimum-llama_merged', 'decoder_model', /a decoder without a cache/],
    ['optimum-t5', 'decoder_model', /an encoder and a decoder/],
    ['optimum-t5', 'decoder_model_merged', /an encoder and a decoder/],
    ['optimum-t5', 'decoder_with_past_model', /an encoder and a decoder/],
  ])('%s %s is refused by its name', async (folder, graph, message) => {
    await expect(read(folder, graph)).rejects.toThrow(message);
  });

  it('with fused norms says which devices have them', async () => {
    expect((await read('genai-qwen3_webgpu_int4', 'model')).deviceKinds).toEqual(['webgpu', 'cuda']);
  });
});
