import { expect, test } from 'vitest';
import { HashQueue, TooManyPasswords } from './hashQueue.ts';

test('one hash runs at a time, a failure stops no other, and a long queue takes no more', async () => {
  const queue = new HashQueue();
  let running = 0;
  let most = 0;
  const hash = async (): Promise<string> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    return 'hash';
  };
  const failing = queue.run(() => Promise.reject(new Error('no memory')));
  const taken = Array.from({ length: 19 }, () => queue.run(hash));
  await expect(queue.run(hash)).rejects.toThrow(TooManyPasswords);
  await expect(failing).rejects.toThrow('no memory');
  expect(await Promise.all(taken)).toEqual(Array(19).fill('hash'));
  expect(most).toBe(1);
  expect(await queue.run(hash)).toBe('hash');
});
