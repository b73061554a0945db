/** Models whose files mean harm, beside somebody whose answer goes on. */
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Import } from '@potluck/api';
import { tinyDecoder, writeRandomDecoder } from '@potluck/onnx/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { api } from '../testing/apiClient.ts';
import { startBystander, type Bystander } from '../testing/bystander.ts';
import { EventReader } from '../testing/eventReader.ts';
import { startTestHub, type TestHub } from '../testing/testHub.ts';

let directory: string;
let hub: TestHub;
let events: EventReader;
let bystander: Bystander;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-hostile-'));
  hub = await startTestHub({
    library: true,
    modelDirectories: [directory],
    model: { contextLength: 1_000_000 },
  });
  events = await EventReader.open(hub);
  bystander = await startBystander(hub);
});
afterAll(async () => {
  events.close();
  await hub.close();
  await rm(directory, { recursive: true, force: true });
});

/** @param spoil makes a sound model harmful */
async function imported(name: string, spoil: (model: string) => Promise<void>): Promise<Import> {
  const model = path.join(directory, name);
  await writeRandomDecoder(model, tinyDecoder);
  await spoil(model);
  const { body } = await api<Import>(hub, 'POST', '/imports', { kind: 'directory', path: model });
  const { import: ended } = await events.until(
    'import',
    (event) => event.import.id === body.id && ['done', 'failed'].includes(event.import.state),
  );
  return ended;
}

const changeTokenizer = async (model: string, changes: object): Promise<void> => {
  const file = path.join(model, 'tokenizer.json');
  await writeFile(
    file,
    JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), ...changes }),
  );
};

test.each<[string, RegExp, (model: string) => Promise<void>]>([
  [
    'link',
    /LICENSE is a link to .*outside/,
    (model) => symlink('/etc/hostname', path.join(model, 'LICENSE')),
  ],
  [
    'expression',
    /regular expression/,
    (model) =>
      changeTokenizer(model, { decoder: { type: 'Replace', pattern: { Regex: '(a+)+$' }, content: '' } }),
  ],
  [
    'list of end tokens',
    /generation_config\.json/,
    (model) =>
      writeFile(
        path.join(model, 'generation_config.json'),
        JSON.stringify({ eos_token_id: Array.from({ length: 1_000_000 }, (_, id) => id) }),
      ),
  ],
])('a model with a harmful %s is refused with its reason', async (name, reason, spoil) => {
  const { state, error } = await imported(name, spoil);
  expect(state).toBe('failed');
  expect(JSON.stringify(error)).toMatch(reason);
});

test('meanwhile an answer went on, and ends whole', async () => {
  const { expected, received } = await bystander.finish();
  expect(received).toBe(expected);
});
