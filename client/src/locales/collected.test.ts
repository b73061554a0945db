import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync, type ESTree } from 'vite';
import { expect, it } from 'vitest';
import { readCatalogue } from './readCatalogue.ts';

const source = path.join(import.meta.dirname, '..');
const files = globSync('**/*.{ts,svelte}', { cwd: source }).filter((file) => !file.endsWith('.test.ts'));

/** What a program reads, though it is written like a sentence. */
const isSentence = /^\p{Lu}.*\p{L}.* .*[.…!?]$/su;

interface Found {
  text: string;
  isThrown: boolean;
}

/** Texts of a program that read like sentences, values as in a catalogue: `{0} left.` */
function* sentencesOf(node: unknown, isThrown = false): Generator<Found> {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const one of node) yield* sentencesOf(one, isThrown);
    return;
  }
  const one = node as ESTree.Node;
  if (one.type === 'Literal' && typeof one.value === 'string') yield { text: one.value, isThrown };
  if (one.type === 'TemplateLiteral') {
    const text = one.quasis.map(({ value }, index) => `${index === 0 ? '' : `{${index - 1}}`}${value.cooked}`);
    yield { text: text.join(''), isThrown };
  }
  for (const [name, value] of Object.entries(one)) {
    if (name !== 'parent') yield* sentencesOf(value, isThrown || one.type === 'ThrowStatement');
  }
}

/** The scripts of a component, or the whole of a module. */
function scriptsOf(file: string): string[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  if (!file.endsWith('.svelte')) return [text];
  return [...text.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map(([, script = '']) => script);
}

it('every sentence of the code that people may read is in the catalogue', () => {
  const known = new Set(readCatalogue('en').map(({ text }) => text));
  const found = files.flatMap((file) =>
    scriptsOf(file).flatMap((script) => {
      const { program, errors } = parseSync('script.ts', script);
      expect(errors, file).toEqual([]);
      return [...sentencesOf(program)]
        .filter(({ text, isThrown }) => isSentence.test(text) || (isThrown && /\p{L} \p{L}/u.test(text)))
        .map(({ text }) => ({ file, text }));
    }),
  );
  expect(found.length).toBeGreaterThan(100);
  expect(found.filter(({ text }) => !known.has(text))).toEqual([]);
});
