import { expect, test } from 'vitest';
import { Remembered } from './remembered.ts';

function counted(most: number) {
  const results = new Remembered<string>(most);
  const made: string[] = [];
  const get = (key: string): Promise<string> =>
    results.get(key, async () => {
      made.push(key);
      return Promise.resolve(key);
    });
  return { results, made, get };
}

test('what is asked for twice is made once, and what was unused longest is forgotten', async () => {
  const { made, get } = counted(2);
  expect(await Promise.all(['a', 'a', 'b', 'a', 'c'].map(get))).toEqual(['a', 'a', 'b', 'a', 'c']);
  expect(made).toEqual(['a', 'b', 'c']);
  await Promise.all(['a', 'b'].map(get));
  expect(made).toEqual(['a', 'b', 'c', 'b']);
});

test('what fails is made again', async () => {
  const { results, made, get } = counted(2);
  const failed = results.get('a', () => Promise.reject(new Error('no')));
  await expect(failed).rejects.toThrow('no');
  expect(await get('a')).toBe('a');
  expect(made).toEqual(['a']);
});
