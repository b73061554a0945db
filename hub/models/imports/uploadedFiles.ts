/** Files that come in pieces from a browser. */
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Import } from '@potluck/api';
import { makeDirectory } from '../../files/makeDirectory.ts';
import { repositoryVariants } from '../remote/repositoryVariants.ts';
import { describeMissing } from '../repositoryFiles.ts';
import { ImportError } from './importError.ts';

/** Looks whether files can be a model, before any of them is sent. @throws ImportError naming what is missing */
export function checkUpload(files: readonly { path: string; bytes: number }[]): void {
  const paths = files.map((file) => file.path);
  const twice = paths.find((one, index) => paths.indexOf(one) !== index);
  if (twice !== undefined) throw new ImportError('bad_upload', `${twice} is there twice.`, 'files');
  const missing = describeMissing(paths);
  if (missing !== undefined) {
    throw new ImportError(
      'bad_upload',
      `The files lack ${missing}, without which no model can be used.`,
      'files',
    );
  }
  const described = files.map((file) => ({ ...file, sha256: null, gitSha1: null }));
  if (repositoryVariants(described).length > 0) return;
  throw new ImportError(
    'bad_upload',
    'There is no decoder as ONNX among them, such as onnx/model_q4.onnx.',
    'files',
  );
}

/** How much of each file is here. */
export async function receivedFiles(directory: string, files: Import['files']): Promise<Import['files']> {
  return Promise.all(
    files.map(async (file) => ({
      ...file,
      receivedBytes: await sizeOf(path.join(directory, file.path)),
    })),
  );
}

/**
 * Adds a piece to a file.
 * @param onProgress called with how much of the file is here
 * @throws ImportError where the piece does not follow what is here, or the file gets longer than it was said to be; the
 * system's error where the disk is full
 */
export async function appendPiece(
  directory: string,
  file: Import['files'][number],
  offset: number,
  body: ReadableStream<Uint8Array> | null,
  onProgress: (bytes: number) => void,
): Promise<void> {
  if (offset !== file.receivedBytes) {
    throw new ImportError(
      'conflict',
      `${file.path} is here up to byte ${file.receivedBytes}; send what follows, not what starts at ${offset}.`,
      'offset',
    );
  }
  if (!body) return;
  const target = path.join(directory, file.path);
  await makeDirectory(path.dirname(target));
  let size = offset;
  // A cut ends the source without an error, so that all that was counted is written; the error is told afterwards.
  let cut: unknown;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        if (size + chunk.byteLength > file.bytes) {
          throw new ImportError(
            'too_large',
            `${file.path} is longer than the ${file.bytes} bytes announced.`,
            'path',
          );
        }
        size += chunk.byteLength;
        yield chunk;
        onProgress(size);
      }
    } catch (error) {
      cut = error;
    }
  };
  const output = createWriteStream(target, { flags: offset === 0 ? 'w' : 'a' });
  try {
    await pipeline(body as unknown as AsyncIterable<Uint8Array>, counted, output);
  } catch (error) {
    // A full disk took less than was counted.
    onProgress(await sizeOf(target));
    throw error;
  }
  if (cut !== undefined) throw cut instanceof Error ? cut : new Error('the connection was cut');
}

function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
