import { expect, test } from 'vitest';
import { inThread } from './inThread.ts';
import { ModelError } from './modelError.ts';

const count = (fails = false): Promise<number> =>
  inThread<number>(new URL('../testing/countingThread.ts', import.meta.url), { fails });

test('a thread takes more work, until some fails; what comes at the same time gets a thread of its own', async () => {
  expect([await count(), await count()]).toEqual([1, 2]);
  expect((await Promise.all([count(), count()])).sort()).toEqual([1, 3]);
  const failed = await count(true).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ModelError);
  expect(failed).toHaveProperty('message', 'as it was told');
  expect(await count()).toBe(1);
});
