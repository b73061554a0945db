import { expect, test } from 'vitest';
import { interleave } from './interleave.ts';

async function* of(...values: (number | Promise<number>)[]): AsyncGenerator<number, void, void> {
  for (const value of values) yield await value;
}

test('what comes first is given first, and each stream keeps its order', async () => {
  const late = Promise.withResolvers<number>();
  const seen: string[] = [];
  for await (const { index, value } of interleave([of(late.promise, 2), of(10, 11)])) {
    seen.push(`${index}:${value}`);
    if (value === 11) late.resolve(1);
  }
  expect(seen).toEqual(['1:10', '1:11', '0:1', '0:2']);
});

test('an error of one ends all, though another waits for ever', async () => {
  const never = of(new Promise<number>(() => undefined));
  const reading = (async () => {
    for await (const one of interleave([never, of(Promise.reject(new Error('broken')))]))
      expect(one).toBe(one);
  })();
  await expect(reading).rejects.toThrow('broken');
});
