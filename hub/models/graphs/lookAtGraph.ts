/** Looks at a model before its weights are fetched: is it one that can be served, and which files does its graph name? */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  checkConfiguration,
  encoderKind,
  MissingFileError,
  MissingWeightsError,
  type ModelFiles,
} from '@potluck/onnx';
import { directoryModelFiles } from '@potluck/onnx/node';
import { messageOf } from '../../errors/messageOf.ts';
import { refuseLargeConfiguration } from '../configurationLimits.ts';
import { readSentenceModel } from '../encoders/sentenceModel.ts';
import { ModelError } from '../modelError.ts';
import { readKeptFiles } from '../modelSource.ts';
import { standardJson } from '../jsonText.ts';
import type { RepositoryFile } from '../remote/repositoryVariants.ts';

export interface LookRequest {
  /** For people: the repository and its variant. */
  subject: string;
  /** Where the files come; config.json is here already. */
  directory: string;
  /** Path of the graph below the directory, such as `onnx/model_q4.onnx`, once it is here. */
  graph?: string;
  /** All files that are here or will be fetched. */
  files: readonly RepositoryFile[];
}

/**
 * @returns paths of the files that the graph names and that are not among those to be fetched
 * @throws ModelError naming the kind of model where it can't be served
 */
export async function lookAtGraph(request: LookRequest): Promise<string[]> {
  const { subject, directory, graph } = request;
  const text = await readFile(path.join(directory, 'config.json'), 'utf8');
  const folder = path.posix.dirname(graph ?? '');
  try {
    refuseLargeConfiguration('config.json', text);
    const config: unknown = JSON.parse(standardJson(text));
    if (graph === undefined) checkConfiguration(config);
    else {
      const kind = await encoderKind(filesInSight(request, folder), path.posix.basename(graph), config);
      if (kind !== undefined) {
        const kept = await readKeptFiles({ directory, allowed: [] });
        readSentenceModel({ files: kept, names: [subject] }, kind);
      }
    }
    return [];
  } catch (cause) {
    if (cause instanceof MissingWeightsError)
      return cause.missing.map((name) => path.posix.join(folder, name));
    throw new ModelError(`${subject} can't be imported: ${messageOf(cause)}`, { cause });
  }
}

/** The files of the graph's folder: of those that are still to come, the size is known, and zeros are read. */
function filesInSight({ directory, files }: LookRequest, folder: string): ModelFiles {
  const onDisk = directoryModelFiles(path.join(directory, folder));
  const promised = new Map(files.map((file) => [file.path, file.bytes]));
  return {
    open: async (name) => {
      const file = path.posix.join(folder, name);
      const bytes = promised.get(file);
      if (bytes === undefined) throw new MissingFileError(name);
      if (await isWhole(path.join(directory, file), bytes)) return onDisk.open(name);
      return { size: bytes, read: async (_offset, length) => new Uint8Array(length) };
    },
  };
}

async function isWhole(file: string, bytes: number): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size === bytes,
    () => false,
  );
}
