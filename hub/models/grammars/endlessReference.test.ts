import { expect, test } from 'vitest';
import { endlessReference } from './endlessReference.ts';

const list = (next: object, required: string[]): object => ({
  type: 'object',
  properties: { value: { type: 'number' }, next },
  required,
});

test.each<[string, unknown, (string | number)[]]>([
  ['itself', { $ref: '#' }, ['$ref']],
  [
    'a circle of names',
    { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' },
    ['$ref'],
  ],
  ['a field that is needed', list({ $ref: '#' }, ['next']), ['properties', 'next', '$ref']],
  [
    'each of several choices',
    list({ anyOf: [{ $ref: '#' }, list({ $ref: '#' }, ['next'])] }, ['next']),
    ['properties', 'next', 'anyOf', 0, '$ref'],
  ],
  ['an entry of a list', { type: 'array', items: { $ref: '#' }, minItems: 1 }, ['items', '$ref']],
])('what needs %s is found', (_, schema, path) => {
  expect(endlessReference(schema)).toEqual(path);
});

test.each<[string, unknown]>([
  ['a field that may be left out', list({ $ref: '#' }, ['value'])],
  ['a choice', list({ anyOf: [{ $ref: '#' }, { type: 'null' }] }, ['next'])],
  ['an empty list', { type: 'array', items: { $ref: '#' } }],
  ['another type', { type: ['object', 'null'], properties: { next: { $ref: '#' } }, required: ['next'] }],
  ['what is not there', { $ref: '#/$defs/nothing' }],
  ['another document', { $ref: 'https://example.com/schema' }],
  ['no schema', true],
])('what ends by %s passes', (_, schema) => {
  expect(endlessReference(schema)).toBe(undefined);
});
