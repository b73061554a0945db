/** `npm run release -- VERSION`: writes a new version where it stands, and heads the changelog with it. Commits nothing. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { changelogFor, isNewer, withVersion } from './releaseTexts.ts';
import { workspaceFolders } from './workspaces.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const file = (name: string): string => path.join(root, name);
const read = (name: string): string => readFileSync(file(name), 'utf8');

const [wanted = ''] = process.argv.slice(2);
const { version: before } = JSON.parse(read('package.json')) as { version: string };
if (!isNewer(wanted, before)) {
  process.stderr.write(`npm run release -- VERSION takes a version above ${before}, such as 0.2.0.\n`);
  process.exit(2);
}
const places = [
  'package.json',
  ...workspaceFolders(root).map((folder) => `${folder}/package.json`),
  'hub/network/hubVersion.ts',
  'packages/node-worker/src/version.ts',
  'README.md',
  'docs/getting-started.md',
];
for (const name of places) writeFileSync(file(name), withVersion(read(name), before, wanted));
const today = new Date().toISOString().slice(0, 10);
writeFileSync(file('CHANGELOG.md'), changelogFor(read('CHANGELOG.md'), wanted, today));
process.stdout.write(
  [
    `Potluck is ${wanted} now. Next:`,
    '  npm install --package-lock-only && npm test',
    `  git commit -am "release: ${wanted}" && git tag v${wanted}`,
    '  npm pack',
    '',
  ].join('\n'),
);
