/** What goes wrong with models on their way in and on disk, and what stays as it was. */
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
  readFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tinyDecoder, writeRandomDecoder, type RandomDecoderSettings } from '@potluck/onnx/testing';
import { ModelId } from '@potluck/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BlobStore } from './blobStore.ts';
import { ModelLibrary } from './modelLibrary.ts';

let directory: string;
let library: ModelLibrary;
const models = (): string => path.join(directory, 'data/models');
const source = (name: string): string => path.join(directory, 'sources', name);
const begin = (): ModelLibrary =>
  new ModelLibrary(models(), new BlobStore(path.join(directory, 'data/blobs')), pino({ level: 'silent' }));

async function writeSource(name: string, settings: Partial<RandomDecoderSettings> = {}): Promise<string> {
  await writeRandomDecoder(source(name), { ...tinyDecoder, ...settings });
  return source(name);
}
const idOf = async (reference: string): Promise<string> => (await library.open({ reference })).package.id;
/** Every file that the hub keeps, with its size. */
async function kept(): Promise<string[]> {
  const entries = await readdir(path.join(directory, 'data'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.sort().map(async (file) => `${file} ${(await stat(file)).size}`));
}

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-faults-'));
  library = begin();
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('an import that fails leaves nothing, and the model of that name as it was', async () => {
  const mini = await writeSource('mini');
  const before = (await library.open({ reference: mini })).package;
  const files = await kept();
  await writeSource('mini', { seed: 2 });
  await writeFile(path.join(mini, 'tokenizer.json'), '{"model":{}}');
  await expect(library.open({ reference: mini })).rejects.toThrow(/mini#model can't be imported: /);
  expect(await kept()).toEqual(files);
  expect((await library.openStored('mini')).package).toEqual(before);
  // Put right, it takes the place of the old one, whose weights go at the next start.
  await writeSource('mini', { seed: 2 });
  expect((await library.open({ reference: mini })).package.packs).not.toEqual(before.packs);
  await begin().tidy();
  expect((await kept()).length).toBe(files.length);
});

test('a process that was killed in an import leaves nothing, and what it replaced comes back', async () => {
  await library.open({ reference: await writeSource('mini') });
  const files = await kept();
  await mkdir(path.join(models(), '.incoming-x'));
  await writeFile(path.join(models(), '.incoming-x/config.json'), '{}');
  await cp(path.join(models(), 'mini'), path.join(models(), '.replaced-mini'), { recursive: true });
  await rm(path.join(models(), 'mini'), { recursive: true });
  const orphan = 'a'.repeat(64);
  await mkdir(path.join(directory, 'data/blobs/aa'), { recursive: true });
  await writeFile(path.join(directory, 'data/blobs/aa', orphan), 'left over');
  await writeFile(path.join(directory, 'data/blobs/aa/.x.temporary'), 'half');
  await begin().tidy();
  expect(await kept()).toEqual(files);
});

test('what lies among the models and is none is left out by name, and hides nothing', async () => {
  await library.open({ reference: await writeSource('mini') });
  const [pack] = (await library.open({ reference: await writeSource('other', { seed: 2 }) })).package.packs;
  await truncate(path.join(directory, 'data/blobs', pack?.sha256.slice(0, 2) ?? '', pack?.sha256 ?? ''), 1);
  await writeFile(path.join(models(), 'Thumbs.db'), 'x');
  await writeFile(path.join(models(), 'notes 100%.txt'), 'x');
  await mkdir(path.join(models(), 'ada%2Fhalf'));
  await writeFile(path.join(models(), 'ada%2Fhalf/package.json'), '{"importRevision":1,');
  await mkdir(path.join(models(), 'empty'));
  const files = await kept();
  library = begin();
  await library.tidy();
  // Nobody knows which blobs the damaged entry names.
  expect(await kept()).toEqual(files);
  const { models: whole, leftOut } = await library.list();
  expect(whole.map(({ id }) => id)).toEqual(['mini']);
  expect(leftOut.map(({ name, reason }) => [name, reason.replace(/ \(.*\)/s, '')])).toEqual([
    ['Thumbs.db', 'it is no folder'],
    ['ada/half', 'its package.json is damaged'],
    ['empty', 'it holds no package.json'],
    ['notes 100%.txt', 'it is no folder'],
    ['other', '1 of 7 files with its weights are missing or damaged'],
  ]);
  await expect(library.openStored('ada/half')).rejects.toThrow(/ada\/half can't be used: .*Add it again/s);
  await expect(library.openStored('other')).rejects.toThrow(/Add it again from .*sources\/other#model/);
  await library.remove(ModelId.parse('ada/half'));
  expect((await library.list()).leftOut.map(({ name }) => name)).not.toContain('ada/half');
});

test('the built-in model comes again from npm where its files are damaged', async () => {
  const first = await library.open({ reference: 'minimind2-small' });
  await writeFile(path.join(models(), 'minimind2-small/package.json'), '{');
  library = begin();
  await library.tidy();
  expect((await library.openStored('minimind2-small')).package.packs).toEqual(first.package.packs);
  expect((await library.list()).leftOut).toEqual([]);
});

test('two directories of one name become two models, and each is found again by its directory', async () => {
  const [one, other] = [await writeSource('a/mini'), await writeSource('b/mini', { seed: 2 })];
  expect([await idOf(one), await idOf(other)]).toEqual(['mini', 'mini-2']);
  library = begin();
  expect([await idOf(other), await idOf(one)]).toEqual(['mini-2', 'mini']);
  // Changed, a directory's model is replaced, under the same name.
  await writeSource('b/mini', { seed: 3 });
  expect([await idOf(other), (await library.list()).models.length]).toEqual(['mini-2', 2]);
});

test('a directory of any name is imported, also with a # in its path', async () => {
  const graph = { graph: 'model_q4' };
  const names = ['C# models/mini', 'mini#2', 'mini#2#model_q4', 'Modèle 100%?', '模型'];
  const ids: string[] = [];
  for (const name of names) ids.push(await idOf(await writeSource(name, graph)));
  ids.push(await idOf(`${source('C# models/mini')}#model_q4`));
  expect(ids).toEqual(['mini', 'mini-2', 'mini-2-model_q4', 'Modele-100-', 'model', 'mini:model_q4']);
});

test('JSON with a byte order mark or with what only Python writes is read', async () => {
  const mini = await writeSource('mini');
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'generation_config.json']) {
    const text = await readFile(path.join(mini, name), 'utf8');
    await writeFile(
      path.join(mini, name),
      `\uFEFF${text.replace('{', '{"no_limit": Infinity, "none": [NaN],')}`,
    );
  }
  const { tokenizer, package: model } = await library.open({ reference: mini });
  expect(model.stopTokenIds).toEqual([2]);
  expect((await tokenizer.encodeChat([{ role: 'user', content: 'Hi' }])).length).toBeGreaterThan(2);
  await writeFile(path.join(mini, 'config.json'), '{"a": ');
  await expect(library.open({ reference: mini })).rejects.toThrow(/config\.json is no valid JSON/);
});

test('a missing file is named', async () => {
  const mini = await writeSource('mini');
  await rm(path.join(mini, 'tokenizer_config.json'));
  await expect(library.open({ reference: mini })).rejects.toThrow(/mini has no tokenizer_config\.json/);
});

test('links may lead to the weights and into the same cache, and nowhere else', async () => {
  const cache = source('models--ada--tiny');
  const snapshot = path.join(cache, 'snapshots/0123');
  await writeSource('models--ada--tiny/snapshots/0123');
  await mkdir(path.join(cache, 'blobs'));
  for (const [index, name] of [
    'config.json',
    'tokenizer.json',
    'onnx/model.onnx_data',
    'onnx/model.onnx',
  ].entries()) {
    await cp(path.join(snapshot, name), path.join(cache, `blobs/hash${index}`));
    await rm(path.join(snapshot, name));
    await symlink(`${name.includes('/') ? '../' : ''}../../blobs/hash${index}`, path.join(snapshot, name));
  }
  expect(await idOf(snapshot)).toBe('0123');
  const secret = path.join(directory, 'shadow');
  await writeFile(secret, 'root:x');
  await symlink(secret, path.join(snapshot, 'LICENSE'));
  await expect(library.open({ reference: snapshot })).rejects.toThrow(
    /LICENSE is a link to .*shadow, outside of the model's directory/,
  );
  await rm(path.join(snapshot, 'LICENSE'));
  await rm(path.join(snapshot, 'onnx/model.onnx_data'));
  await symlink(secret, path.join(snapshot, 'onnx/model.onnx_data'));
  await expect(library.open({ reference: snapshot })).rejects.toThrow(/model\.onnx_data is a link to/);
  // Weights are large: they may be on another disk, under their own names.
  const mini = await writeSource('mini');
  await cp(path.join(mini, 'onnx'), path.join(directory, 'disk'), { recursive: true });
  await rm(path.join(mini, 'onnx'), { recursive: true });
  await symlink(path.join(directory, 'disk'), path.join(mini, 'onnx'));
  expect(await idOf(mini)).toBe('mini');
});
