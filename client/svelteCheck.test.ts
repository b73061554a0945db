import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Some versions of svelte-check print nothing with some versions of TypeScript (letsrevel/revel-frontend 645). */
it('the checker finds a type error in a component', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'potluck-canary-'));
  try {
    await symlink(path.join(root, 'node_modules'), path.join(directory, 'node_modules'));
    const component =
      '<script lang="ts">\n  const layers: number = \'eight\';\n</script>\n\n<p>{layers}</p>\n';
    await writeFile(path.join(directory, 'Canary.svelte'), component);
    await writeFile(
      path.join(directory, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { strict: true, module: 'esnext', moduleResolution: 'bundler' } }),
    );
    const command = path.join(root, 'node_modules/svelte-check/bin/svelte-check');
    const checking = promisify(execFile)(process.execPath, [
      command,
      ...[
        '--workspace',
        directory,
        '--tsconfig',
        path.join(directory, 'tsconfig.json'),
        '--output',
        'machine',
        '--tsgo',
      ],
    ]);
    await expect(checking).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Type 'string' is not assignable to type 'number'") as string,
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
