import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepPrivate } from './keepPrivate.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'potluck-private-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test.skipIf(process.platform === 'win32').each([
  ['one of a former start', 0o755, ['secrets.json', 'hub.sqlite'], 'corrected', 0o700],
  ['one that its user writes only', 0o555, ['secrets.json'], 'corrected', 0o500],
  ['an empty one', 0o777, [], 'corrected', 0o700],
  ['one with other things in it', 0o755, ['photos.zip'], 'open', 0o755],
  ['a private one', 0o700, ['photos.zip'], 'private', 0o700],
])('a folder that others may open, %s', async (_what, before, names, found, after) => {
  for (const name of names) await writeFile(path.join(directory, name), '');
  await chmod(directory, before);
  expect(await keepPrivate(directory, 'secrets.json')).toBe(found);
  expect((await stat(directory)).mode & 0o777).toBe(after);
  await chmod(directory, 0o700);
});
