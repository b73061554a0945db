/** A model directory with random weights: small enough for SwiftShader. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tinyDecoder, writeRandomDecoder, type RandomDecoderSettings } from '@potluck/onnx/testing';

export interface ModelDirectory {
  path: string;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function writeSmallModel(
  settings: Partial<RandomDecoderSettings> = {},
): Promise<ModelDirectory> {
  const parent = await mkdtemp(join(tmpdir(), 'potluck-model-'));
  const path = join(parent, 'small');
  await writeRandomDecoder(path, { ...tinyDecoder, ...settings });
  return { path, [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }) };
}
