import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from './blobStore.ts';
import { measureLoop } from '../testing/measureLoop.ts';
import { ModelLibrary } from './modelLibrary.ts';

let directory: string;
let blobs: BlobStore;
const imports: string[] = [];
const logger = pino(
  { level: 'info' },
  { write: (line) => void (line.includes('"imported model"') && imports.push(line)) },
);
const library = (): ModelLibrary => new ModelLibrary(path.join(directory, 'models'), blobs, logger);

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-models-'));
  blobs = new BlobStore(path.join(directory, 'blobs'));
  imports.length = 0;
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('the built-in model is imported once, kept, and cut into stages whose blobs are there', async () => {
  const first = await library().open({ reference: 'minimind2-small' });
  expect(first.package).toMatchObject({ id: 'minimind2-small', license: 'Apache-2.0', stopTokenIds: [2] });
  expect(first.package.layers).toHaveLength(8);
  const stage = await first.cutStage(2, 5);
  expect(stage).toMatchObject({ firstLayer: 2, lastLayer: 5, model: 'minimind2-small' });
  for (const { sha256, size } of [stage.graph, ...stage.packs]) expect(await blobs.size(sha256)).toBe(size);
  const again = await library().open({ reference: 'minimind2-small', contextLength: 1000 });
  expect(imports).toHaveLength(1);
  expect(again.package.contextLength).toBe(1000);
  expect(again.package.graph).toEqual(first.package.graph);
});

test('a package whose blobs are gone is imported again', async () => {
  const first = await library().open({ reference: 'minimind2-small' });
  const pack = first.package.packs[0]?.sha256 ?? '';
  await rm(path.join(directory, 'blobs', pack.slice(0, 2), pack));
  await library().open({ reference: 'minimind2-small' });
  expect(imports).toHaveLength(2);
});

test('a directory is imported by its name, a chosen variant by both, and found by that id afterwards', async () => {
  const source = path.join(directory, 'My model (v2)');
  await writeRandomDecoder(source, tinyDecoder);
  for (const extra of ['model_q4.onnx'])
    await cp(path.join(source, 'onnx/model.onnx'), path.join(source, 'onnx', extra));
  const chosen = await library().open({ reference: `${source}#model` });
  expect(chosen.package.id).toBe('My-model-v2-:model');
  expect((await library().open({ reference: source })).package.source).toMatch(/#model_q4$/);
  await rm(source, { recursive: true });
  expect((await library().open({ reference: 'My-model-v2-:model' })).package.graph).toEqual(
    chosen.package.graph,
  );
  await expect(library().open({ reference: 'none' })).rejects.toThrow(
    /no model 'none'.*imported ones are minimind2-small, My-model-v2-/,
  );
});

test('a directory that can not be used is refused with what is missing', async () => {
  const source = path.join(directory, 'broken');
  const open = (reference = source): Promise<unknown> => library().open({ reference });
  await mkdir(path.join(source, 'onnx'), { recursive: true });
  await expect(open()).rejects.toThrow(/broken has no config\.json/);
  await writeFile(path.join(source, 'config.json'), '{}');
  await writeFile(path.join(source, 'tokenizer.json'), '{}');
  await writeFile(path.join(source, 'tokenizer_config.json'), '{}');
  await expect(open()).rejects.toThrow(/holds no decoder as ONNX/);
  await writeFile(path.join(source, 'onnx/model.onnx'), 'no protobuf at all');
  await expect(open()).rejects.toThrow(/broken#model can't be imported: /);
  await expect(open(`${source}#model_q4`)).rejects.toThrow(/no variant 'model_q4'. It has: model\./);
  expect(await readdir(path.join(directory, 'models')).catch(() => [])).toEqual([]);
});

test('a deep model holds up nobody while it is imported, opened and cut', async () => {
  const source = path.join(directory, 'deep');
  await writeRandomDecoder(source, { ...tinyDecoder, layers: 40, weights: 'f32', style: 'plain' });
  const { longestTurn } = await measureLoop(async () => {
    const model = await library().open({ reference: source });
    expect((await model.cutStage(0, 39)).layerCount).toBe(40);
  });
  // Finding its boundaries takes half a second. Other programs and garbage leave their traces.
  expect(longestTurn).toBeLessThan(100);
});
