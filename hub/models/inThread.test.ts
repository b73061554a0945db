import { expect, test } from 'vitest';
import { inThread } from './inThread.ts';
import { ModelError } from './modelError.ts';

const module = new URL('../testing/countingThread.ts', import.meta.url);
const count = (does: 'count' | 'fail' = 'count'): Promise<number> => inThread<number>(module, { does });

test('a thread takes more work, until some fails; what comes at the same time gets a thread of its own', async () => {
  expect([await count(), await count()]).toEqual([1, 2]);
  expect((await Promise.all([count(), count()])).sort()).toEqual([1, 3]);
  const failed = await count('fail').catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ModelError);
  expect(failed).toHaveProperty('message', 'as it was told');
  expect(await count()).toBe(1);
});

test('work tells how far it is, and ends with the reason of the signal', async () => {
  const ending = new AbortController();
  const reason = new Error('nobody wants it');
  const waiting = inThread<number, string>(
    module,
    { does: 'wait' },
    { onNote: (note) => ending.abort(note === 'waiting' ? reason : undefined), signal: ending.signal },
  );
  await expect(waiting).rejects.toBe(reason);
  await expect(inThread(module, { does: 'count' }, { signal: ending.signal })).rejects.toBe(reason);
});
