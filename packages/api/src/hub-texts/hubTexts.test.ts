import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  deviceLogTexts,
  deviceTexts,
  hubText,
  importTexts,
  hubTexts,
  readHubText,
  saidTexts,
  whatFollowsName,
  type HubTextCode,
} from './index.ts';

const codes = Object.keys(hubTexts) as HubTextCode[];

const sizes = new Set(['needed', 'room', 'all', 'most', 'rooms']);
const names = new Set([
  'device',
  'other',
  'model',
  'names',
  'state',
  'requested',
  'address',
  'host',
  'name',
  'time',
]);
const texts = new Set(['hint', 'reason', 'sentence', 'offers', 'items']);

/** Values as the hub has them, by the names of gaps; names and texts are ones that no text is mistaken for. */
const valuesOf = (code: HubTextCode): Record<string, string> =>
  Object.fromEntries(
    [...hubTexts[code].matchAll(/\{(\w+)\}/g)].map(([, name = ''], index) => {
      if (name === 'range') return [name, 'layers 8 to 11'];
      if (name === 'quoted') return [name, "'soup', 'bread'"];
      if (sizes.has(name)) return [name, `${index + 1}.5 GB`];
      return [name, names.has(name) || texts.has(name) ? `<${name}>` : `8,${index}00`];
    }),
  );

test.each(codes)('%s is told from all others, with its values', (code) => {
  const values = valuesOf(code);
  expect(readHubText(hubText(code, values as never))).toEqual({ code, values });
});

test('devices say what is listed as theirs', () => {
  const root = new URL('../../../', import.meta.url).pathname;
  const sources = globSync('{worker,browser-worker,node-worker}/src/**/*.ts', { cwd: root });
  const code = sources.map((file) => readFileSync(`${root}${file}`, 'utf8')).join('\n');
  const beginning = (text: string): string => text.split('{', 1)[0] ?? '';
  expect(Object.values(deviceTexts).filter((text) => !code.includes(beginning(text)))).toEqual([]);
});

test('hub and devices say what is listed as said somewhere', () => {
  const root = new URL('../../../../', import.meta.url).pathname;
  const files = globSync(['hub/**/*.ts', 'packages/*/src/**/*.ts', 'client/src/routes/**/*.svelte'], {
    cwd: root,
  });
  const sources = files.filter((file) => !file.endsWith('.test.ts') && !file.includes('/hub-texts/'));
  // Texts of several lines are written in parts, and quotes within them escaped.
  const code = sources
    .map((file) => readFileSync(`${root}${file}`, 'utf8').replaceAll(/['`] \+\s+['`]/g, ''))
    .join('\n')
    .replaceAll('\\', '');
  const listed = [...Object.values(saidTexts), ...Object.values(deviceLogTexts)];
  const parts = listed.flatMap((text) => text.split(/\{\w+\}/));
  expect(parts.filter((part) => !code.includes(part))).toEqual([]);
});

test('imports say what is listed as theirs', () => {
  const root = new URL('../../../onnx/src/', import.meta.url).pathname;
  const code = globSync('**/*.ts', { cwd: root }).map((file) => readFileSync(`${root}${file}`, 'utf8'));
  const parts = Object.values(importTexts).flatMap((text) => text.split(/\{\w+\}/));
  expect(parts.filter((part) => !code.join('\n').includes(part))).toEqual([]);
});

test('names may have spaces, and even words of the hub', () => {
  const text = `my laptop is here ${whatFollowsName('has-failed', { reason: 'no progress for 5 ms' })}`;
  expect(readHubText(text)).toEqual({
    code: 'has-failed',
    values: { device: 'my laptop is here', reason: 'no progress for 5 ms' },
  });
});

test('what the hub never said is not known, nor what would take long to look at', () => {
  for (const text of ['ORT failed to run', 'Look at the log.', 'The disk has no room', 'It is at 3 %, or so'])
    expect(readHubText(text), text).toBeUndefined();
  expect(readHubText(`${'x needs '.repeat(5000)} and has 3 GB that is not reserved`)).toBeUndefined();
});
