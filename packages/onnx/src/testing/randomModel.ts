/** A random decoder, written to a temporary directory and opened: what most tests start from. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { directoryModelFiles } from '../files/directoryModelFiles.ts';
import type { OnnxModel } from '../model.ts';
import { readModel } from '../protobuf/readModel.ts';
import type { ModelFiles } from '../source.ts';
import { writeRandomDecoder, type RandomDecoderSettings } from './randomDecoder.ts';

/** Disposes of its directory with `await using`. */
export interface RandomModel extends AsyncDisposable {
  /** The repository: config.json, tokenizer, onnx/. */
  directory: string;
  /** The files beside the graph. */
  files: ModelFiles;
  /** A fresh copy of the graph in memory. */
  read(): Promise<OnnxModel>;
}

/** Writes a random decoder into a new temporary directory. */
export async function randomModel(settings: RandomDecoderSettings): Promise<RandomModel> {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-decoder-'));
  await writeRandomDecoder(directory, settings);
  const files = directoryModelFiles(path.join(directory, 'onnx'));
  return {
    directory,
    files,
    read: () => readModel(files, 'model.onnx'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
