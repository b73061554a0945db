import { expect, test } from 'vitest';
import { asNamePart, builtInOrigin, chooseModelId } from './modelNames.ts';

test('sources of one name get ids of their own, and the same source keeps its id', () => {
  const taken = [
    { id: 'mini', origin: '/a/mini' },
    { id: 'MINI-2', origin: '/b/mini' },
    { id: 'mini:model_q4', origin: '/a/mini' },
    { id: 'old', origin: undefined },
  ];
  const idOf = (name: string, origin: string, variant?: string): string =>
    chooseModelId({ name, origin, ...(variant === undefined ? {} : { variant }) }, taken);
  expect(idOf('mini', '/a/mini')).toBe('mini');
  expect(idOf('mini', '/b/mini')).toBe('mini-2');
  expect(idOf('mini', '/c/mini')).toBe('mini-3');
  expect(idOf('mini', '/a/mini', 'model_q4')).toBe('mini:model_q4');
  expect(idOf('mini', '/c/mini', 'model_q4')).toBe('mini-2:model_q4');
  expect(idOf('old', '/a/old')).toBe('old-2');
});

test('nobody takes the name of the built-in model', () => {
  expect(chooseModelId({ name: 'MiniMind2-Small', origin: '/x' }, [])).toBe('MiniMind2-Small-2');
  expect(chooseModelId({ name: 'minimind2-small', origin: builtInOrigin }, [])).toBe('minimind2-small');
});

test('folders of any name give a part of an id', () => {
  const names = ['C# models', 'Modèle d’été', '..100%', '模型', 'a b?c'];
  expect(names.map(asNamePart)).toEqual(['C-models', 'Modele-d-ete', '100-', '', 'a-b-c']);
});
