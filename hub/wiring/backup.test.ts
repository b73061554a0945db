import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../database/database.ts';
import { backUp } from './backup.ts';

let directory: string;
let data: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-backup-'));
  data = path.join(directory, 'data');
  await mkdir(path.join(data, 'blobs'), { recursive: true });
  await writeFile(path.join(data, 'blobs', 'one'), 'weights');
  await writeFile(path.join(data, 'identity.json'), '{}');
  await writeFile(path.join(data, 'local-key.json'), '{}');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('a copy that is made while the hub writes has all that was committed before', async () => {
  const program = fileURLToPath(new URL('../testing/writeRequestsForever.ts', import.meta.url));
  const child = spawn(process.execPath, [program, data], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const committed: string[] = [];
  let copying: Promise<string[]> | undefined;
  const target = path.join(directory, 'copy');
  for await (const id of createInterface({ input: child.stdout })) {
    committed.push(id);
    if (committed.length !== 50) continue;
    const before = [...committed];
    copying = backUp({ dataDirectory: data, target }).then(() => {
      child.kill('SIGKILL');
      return before;
    });
    copying.catch(() => child.kill('SIGKILL'));
  }
  await exited;
  const before = (await copying) ?? [];
  expect(before).toHaveLength(50);
  const database = await openDatabase(target);
  const kept = new Set((await database.requests.list({}, 1_000_000)).map(({ id }) => id));
  await database.close();
  expect(before.filter((id) => !kept.has(id))).toEqual([]);
  expect(await readFile(path.join(target, 'blobs', 'one'), 'utf8')).toBe('weights');
  expect((await readdir(target)).filter((name) => !name.startsWith('hub.sqlite'))).toEqual([
    'blobs',
    'identity.json',
  ]);
});

test('models can be left out', async () => {
  const target = path.join(directory, 'small');
  await backUp({ dataDirectory: data, target, withoutModels: true });
  expect(await readdir(target)).toEqual(['hub.sqlite', 'identity.json']);
});

test('what is at a server is left out', async () => {
  const target = path.join(directory, 'rest');
  await backUp({ dataDirectory: data, target, withoutModels: true, withoutDatabase: true });
  expect(await readdir(target)).toEqual(['identity.json']);
});

test('a folder with something in it is not touched, and what can not be copied leaves nothing', async () => {
  await expect(backUp({ dataDirectory: data, target: data })).rejects.toThrow('is not empty');
  const target = path.join(directory, 'none');
  const nowhere = path.join(directory, 'nowhere');
  await expect(backUp({ dataDirectory: nowhere, target })).rejects.toThrow('there is no ');
  expect(await readdir(directory)).not.toContain('none');
});
