import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../../testing/temporaryDirectory.ts';
import { licenceOf } from './licenceOf.ts';
import { licencesText } from './licencesText.ts';
import { dependencyFolders, moduleFolder } from './packageFolders.ts';

async function writePackage(
  folder: string,
  manifest: object,
  files: Record<string, string> = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files }))
    await writeFile(path.join(folder, name), text);
}

test('packages are found with what they depend on, and each says its licence', async () => {
  await using root = await temporaryDirectory('potluck-licences-');
  const folder = (name: string): string => path.join(root.path, 'node_modules', name);
  await writePackage(root.path, {
    name: 'app',
    dependencies: { soup: '*', '@ada/bread': '*' },
    optionalDependencies: { 'not-here': '*' },
  });
  const soup = { name: 'soup', version: '1.2.3', license: 'MIT', dependencies: { salt: '*' } };
  await writePackage(folder('soup'), soup, { 'LICENSE.md': 'Share it.\n', 'license.js': 'no text' });
  await writePackage(
    folder('soup/node_modules/salt'),
    { name: 'salt', version: '1.0.0', license: 'ISC' },
    { NOTICE: 'Share it.' },
  );
  const bread = { name: '@ada/bread', version: '2.0.0', license: 'MIT', author: { name: 'Ada' } };
  await writePackage(folder('@ada/bread'), bread);
  const folders = await dependencyFolders(root.path);
  expect([...folders]).toEqual([folder('soup'), folder('soup/node_modules/salt'), folder('@ada/bread')]);
  const text = licencesText(await Promise.all([...folders].map(licenceOf)));
  expect(text).toContain('salt 1.0.0 (ISC)\nsoup 1.2.3 (MIT)\n\nShare it.');
  expect(text).toMatch(/@ada\/bread 2\.0\.0 \(MIT\)\n\nCopyright \(c\) Ada\n\nPermission is hereby granted/);
  expect(text).not.toContain('no text');

  expect(await moduleFolder(`\0${folder('@ada/bread')}/dist/x.js?url`)).toBe(folder('@ada/bread'));
  expect(await moduleFolder(path.join(root.path, 'src/main.ts'))).toBeUndefined();
});

test('a package that says nothing of its licence is no package to ship', async () => {
  await using root = await temporaryDirectory('potluck-licences-');
  await writePackage(root.path, { name: 'mystery', version: '1.0.0' });
  await expect(licenceOf(root.path)).rejects.toThrow('mystery 1.0.0 says nothing of its licence.');
});
