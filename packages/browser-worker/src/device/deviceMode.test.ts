import { expect, test } from 'vitest';
import { nextDevice } from './deviceMode.ts';

test('wrong answers lead from subgroups to none, then to the processor', () => {
  expect(nextDevice('webgpu', true, 1)).toBe('webgpu-plain');
  expect(nextDevice('webgpu-plain', true, 2)).toBe('wasm');
  expect(nextDevice('wasm', true, 3)).toBeUndefined();
});

test('a lost GPU is tried once more, then left alone', () => {
  expect(nextDevice('webgpu', false, 1)).toBe('webgpu');
  expect(nextDevice('webgpu', false, 2)).toBe('wasm');
});

test('a runtime that breaks on the processor again and again is given up', () => {
  expect(nextDevice('wasm', false, 1)).toBe('wasm');
  expect(nextDevice('wasm', false, 3)).toBeUndefined();
});
