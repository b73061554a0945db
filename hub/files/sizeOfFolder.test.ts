import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../testing/temporaryDirectory.ts';
import { sizeOfFolder } from './sizeOfFolder.ts';

test('files below a folder count, links do not lead out of it', async () => {
  await using directory = await temporaryDirectory('potluck-size-');
  await mkdir(path.join(directory.path, 'a', 'b'), { recursive: true });
  await writeFile(path.join(directory.path, 'one'), 'x'.repeat(10));
  await writeFile(path.join(directory.path, 'a', 'b', 'two'), 'x'.repeat(5));
  await symlink('/', path.join(directory.path, 'root'));
  expect(await sizeOfFolder(directory.path)).toBe(15);
  expect(await sizeOfFolder(path.join(directory.path, 'one'))).toBe(10);
  expect(await sizeOfFolder(path.join(directory.path, 'none'))).toBe(0);
});
