/** Every line that the join page can show of a tab's worker is one that the app knows, and so can say in its language. */
import { globSync, readFileSync } from 'node:fs';
import { hubTexts } from '@potluck/api/hub-texts';
import { parseSync, type ESTree } from 'vite';
import { expect, test } from 'vitest';

const packages = new URL('../../../../packages/', import.meta.url).pathname;
const files = globSync('{worker,browser-worker}/src/**/*.ts', { cwd: packages }).filter(
  (file) => !/\.(?:test|d)\.ts$|\/(?:testing|build)\//.test(file),
);

/** Says which of its arguments people may read; a call or an error that is not here says nothing to them. */
const inCalls: Record<string, number> = { info: 1, warn: 1, error: 1, log: 1, end: 0, abort: 0 };
const functions: Record<string, number> = { fail: 0 };
/** Of peers and hubs that break the protocol: what is wrong there is for those who write programs. */
const ofPrograms = ['ProtocolError', 'TypeError', 'RangeError'];
const programCodes = ['bad-frame', 'cache-miss'];
/** A budget that is told in words of its own: `stage-needs`. */
const inParts = /^\{\} of \{\} (?:name|need) \{\}/;
const properties = ['message', 'advice'];

/** Texts of an expression, a gap for each value: `stage {} of {} {}`. */
function textsOf(node: ESTree.Node | null | undefined): string[] {
  switch (node?.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node.value] : [];
    case 'TemplateLiteral':
      return [node.quasis.map(({ value }) => value.cooked).join('{}')];
    case 'ConditionalExpression':
      return [...textsOf(node.consequent), ...textsOf(node.alternate)];
    case 'LogicalExpression':
      return [...textsOf(node.left), ...textsOf(node.right)];
    default:
      return [];
  }
}

function shownBy(node: ESTree.Node): string[] {
  if (node.type === 'CallExpression') {
    const { callee } = node;
    const name =
      callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
        ? inCalls[callee.property.name]
        : callee.type === 'Identifier'
          ? functions[callee.name]
          : undefined;
    return name === undefined ? [] : textsOf(node.arguments[name]);
  }
  if (node.type === 'NewExpression' && node.callee.type === 'Identifier') {
    if (!node.callee.name.endsWith('Error') || ofPrograms.includes(node.callee.name)) return [];
    const texts = node.arguments.flatMap((argument) => textsOf(argument));
    return texts.some((text) => programCodes.includes(text)) ? [] : texts;
  }
  if (node.type === 'Property' && node.key.type === 'Identifier' && properties.includes(node.key.name))
    return textsOf(node.value);
  return [];
}

function* nodesOf(value: unknown): Generator<ESTree.Node> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) yield* nodesOf(one);
    return;
  }
  yield value as ESTree.Node;
  for (const [name, inner] of Object.entries(value)) if (name !== 'parent') yield* nodesOf(inner);
}

test('what a tab’s worker notes, and why, is in the catalogue', () => {
  const known = new Set(Object.values(hubTexts).map((text) => text.replaceAll(/\{\w+\}/g, '{}')));
  const shown = files.flatMap((file) => {
    const { program, errors } = parseSync(file, readFileSync(packages + file, 'utf8'));
    expect(errors, file).toEqual([]);
    // What has one word only is a code.
    const texts = [...nodesOf(program)].flatMap(shownBy).filter((text) => /\p{L} \p{L}|\{\}: /u.test(text));
    return texts.map((text) => ({ file, text }));
  });
  expect(shown.length).toBeGreaterThan(90);
  expect(shown.filter(({ text }) => !known.has(text) && !inParts.test(text))).toEqual([]);
});
