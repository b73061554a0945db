import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { hubVersion } from '../hub/network/hubVersion.ts';
import { workerVersion } from '../packages/node-worker/src/version.ts';
import { changelogFor, isNewer, withVersion } from './releaseTexts.ts';

const root = new URL('../', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs/', root)).map((name) => `docs/${name}`),
];

test('the version is the same wherever it stands', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect([hubVersion, workerVersion]).toEqual([version, version]);
  expect(read('README.md')).toContain(`potluck-${version}.tgz`);
  expect(read('docs/getting-started.md')).toContain(`potluck-${version}.tgz`);
});

test('a release writes its version in manifests, constants and packages, and nowhere else', () => {
  const text = `"version": "0.1.0", "^0.1.0", hubVersion = '0.1.0'; potluck-0.1.0.tgz`;
  expect(withVersion(text, '0.1.0', '0.2.0')).toBe(
    `"version": "0.2.0", "^0.1.0", hubVersion = '0.2.0'; potluck-0.2.0.tgz`,
  );
  expect(changelogFor('# Changelog\n\n## Unreleased\n\n- a\n', '0.2.0', '2026-01-01')).toBe(
    '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-01-01)\n\n- a\n',
  );
  expect(['0.2.0', '1.0.0', '0.1.10'].map((one) => isNewer(one, '0.1.9'))).toEqual([true, true, true]);
  expect(['0.1.9', '0.1.8', 'v1', '1.0', ''].map((one) => isNewer(one, '0.1.9'))).not.toContain(true);
});

test('pages name files and pages that are there', () => {
  for (const page of pages) {
    for (const [, link = ''] of read(page).matchAll(/\]\((?!https?:)([^)#]+)/g))
      expect(() => readFileSync(new URL(link, new URL(page, root))), `${page}: ${link}`).not.toThrow();
  }
});

test('commands of npm in the pages are scripts that are there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const page of pages) {
    for (const [, name = ''] of read(page).matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts), page).toContain(name);
  }
});

test('metrics that the operator reads of are metrics that there are', () => {
  const source = read('hub/live/metrics/hubMetrics.ts');
  const named = [...read('docs/operating.md').matchAll(/`((?:potluck|gen_ai|process)_\w+)`/g)].map(
    ([, name]) => name,
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((name) => !source.includes(`'${name}'`))).toEqual([]);
});
