import { expect, test } from 'vitest';
import { Admission } from './admission.ts';

const stage = (cacheBytes: number, cacheBytesPerToken: number, stateBytes = 0) => ({
  cacheBytes,
  description: { cacheBytesPerToken, stateBytes },
});
const never = new AbortController().signal;

test('the smallest stage decides how long a session may be', () => {
  expect(new Admission([stage(1000, 10), stage(1000, 40, 200)]).largestSession).toBe(20);
  expect(new Admission([stage(100, 10, 200)]).largestSession).toBe(0);
});

test('room is granted in the order of asking, also where a later one would fit', async () => {
  const admission = new Admission([stage(100, 1)]);
  const order: string[] = [];
  const ask = (name: string, tokens: number): Promise<void> =>
    admission.request(tokens, never).granted.then(() => void order.push(name));
  await ask('first', 80);
  const large = ask('large', 60);
  const small = ask('small', 10);
  expect(admission.waitingCount).toBe(2);
  admission.release(80);
  await Promise.all([large, small]);
  expect(order).toEqual(['first', 'large', 'small']);
});

test('beyond the limit a request is refused with a time to come back', async () => {
  const admission = new Admission([stage(10, 1)], { queueLimit: 1 });
  await admission.request(10, never).granted;
  admission.request(10, never).granted.catch(() => undefined);
  expect(() => admission.request(10, never)).toThrow(
    expect.objectContaining({ code: 'rate_limit_exceeded', retryAfterSeconds: 5 }) as Error,
  );
});

test('one that is cancelled while it waits gives way to the next', async () => {
  const admission = new Admission([stage(100, 1)]);
  await admission.request(60, never).granted;
  const controller = new AbortController();
  const large = admission.request(90, controller.signal).granted;
  const small = admission.request(40, never).granted;
  controller.abort();
  await expect(large).rejects.toMatchObject({ code: 'cancelled' });
  await small;
});

test('when the pipeline ends those who wait are told why', async () => {
  const admission = new Admission([stage(10, 1)]);
  await admission.request(10, never).granted;
  const waiting = admission.request(10, never).granted;
  admission.end(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  await expect(admission.request(1, never).granted).rejects.toThrow('gone');
});
