import { expect, test } from 'vitest';
import { testModel } from '../testing/testModel.ts';
import { defaultModel } from './defaultModel.ts';

test('the first that was deployed answers until the operator chooses another that is deployed', async () => {
  const first = { model: await testModel({ id: 'first' }), createdAt: 1 };
  const added = { model: await testModel({ id: 'added' }), createdAt: 2 };
  expect(defaultModel([], 'first')).toBeUndefined();
  expect(defaultModel([added, first], null)).toBe('first');
  expect(defaultModel([first, added], 'added')).toBe('added');
  expect(defaultModel([first, added], 'gone')).toBe('first');
  expect(defaultModel([added], 'first')).toBe('added');
});
