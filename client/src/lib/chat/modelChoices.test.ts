import type { Deployment, Model } from '@potluck/api';
import { expect, test } from 'vitest';
import { modelChoices, searchChoices } from './modelChoices.ts';

const model = (id: string, more: Partial<Model> = {}): Model =>
  ({
    id,
    weightBytes: 100,
    aliases: [],
    task: 'chat',
    loadsOnDemand: false,
    isDefault: false,
    ...more,
  }) as Model;
const deployment = (name: string, ready: boolean): Deployment =>
  ({ model: name, ready, missing: ready ? null : 'no device', isDefault: ready }) as Deployment;

test('favourites come first, then what runs; the rest says whether it fits', () => {
  const choices = modelChoices({
    models: [model('a', { weightBytes: 300 }), model('b'), model('c'), model('d', { aliases: ['gpt-4o'] })],
    deployments: [deployment('c', true), deployment('b', false)],
    isFavourite: (id) => id === 'd',
    freeBytes: 200,
  });
  expect(choices.map(({ id, state, fits }) => [id, state, fits])).toEqual([
    ['d', 'notDeployed', true],
    ['c', 'ready', undefined],
    ['b', 'notRunning', true],
    ['a', 'notDeployed', false],
  ]);
  expect(choices[1]?.isDefault).toBe(true);
  expect(searchChoices(choices, ' GPT ').map(({ id }) => id)).toEqual(['d']);
});

test('encoders write no answers, deployed or not', () => {
  const choices = modelChoices({
    models: [model('a'), model('vectors', { task: 'embeddings' }), model('scores', { task: 'rerank' })],
    deployments: [deployment('vectors', true)],
    isFavourite: () => true,
    freeBytes: 200,
  });
  expect(choices.map(({ id }) => id)).toEqual(['a']);
});

test('what the hub loads on demand can be asked', () => {
  const [choice] = modelChoices({
    models: [model('a', { loadsOnDemand: true })],
    deployments: [],
    isFavourite: () => false,
    freeBytes: 0,
  });
  expect(choice).toMatchObject({ state: 'onDemand', fits: false });
});
