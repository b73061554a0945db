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
  const ask = (name: string, tokens: number): (() => void) => {
    const room = admission.request(tokens, 'me', never);
    void room.granted.then(() => order.push(name));
    return () => room.release();
  };
  const release = ask('first', 80);
  ask('large', 60);
  ask('small', 10);
  expect(admission.waitingCount).toBe(2);
  release();
  expect(admission.waitingCount).toBe(0);
  await Promise.resolve();
  expect(order).toEqual(['first', 'large', 'small']);
});

test('one who asks for much leaves a turn and some room to others', async () => {
  const admission = new Admission([stage(100, 1)]);
  const many = Array.from({ length: 60 }, () => admission.request(40, 'many', never));
  expect(admission.waitingCount).toBe(58);
  // A small one finds room at once, a large one has the next turn.
  await admission.request(10, 'small', never).granted;
  const large = admission.request(50, 'large', never);
  expect(admission.waitingCount).toBe(59);
  many[0]?.release();
  await large.granted;
  expect(admission.waitingCount).toBe(58);
});

test('who holds room does not keep a large request of another from ever fitting', async () => {
  const admission = new Admission([stage(100, 1)]);
  const first = admission.request(50, 'many', never);
  const large = admission.request(100, 'large', never);
  admission.request(10, 'many', never).granted.catch(() => undefined);
  expect(admission.waitingCount).toBe(2);
  first.release();
  await large.granted;
});

test('beyond the limit a request is refused with a time to come back, and others still find a place', async () => {
  const admission = new Admission([stage(10, 1)], { queueLimit: () => 4 });
  await admission.request(10, 'me', never).granted;
  const ask = (share: string): void =>
    void admission.request(10, share, never).granted.catch(() => undefined);
  ask('me');
  ask('me');
  expect(() => ask('me')).toThrow(
    expect.objectContaining({
      code: 'rate_limit_exceeded',
      retryAfterSeconds: 5,
      message:
        'The queue is full: this request would be number 3 in it (yours before it: 2). Ask again in 5 seconds.',
    }) as Error,
  );
  ask('other');
  ask('third');
  expect(() => ask('fourth')).toThrow('The queue is full: this request would be number 5 in it');
  // One that was accepted before goes on, however many wait.
  const goesOn = admission.request(10, 'me', never, true);
  goesOn.granted.catch(() => undefined);
  expect(goesOn.place()).toBeGreaterThan(0);
});

test('one that is cancelled while it waits gives way to the next', async () => {
  const admission = new Admission([stage(100, 1)]);
  await admission.request(60, 'one', never).granted;
  const controller = new AbortController();
  const large = admission.request(90, 'two', controller.signal).granted;
  const small = admission.request(40, 'three', never).granted;
  controller.abort();
  await expect(large).rejects.toMatchObject({ code: 'cancelled' });
  await small;
});

test('when the pipeline ends those who wait are told why', async () => {
  const admission = new Admission([stage(10, 1)]);
  await admission.request(10, 'me', never).granted;
  const waiting = admission.request(10, 'me', never).granted;
  admission.end(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  await expect(admission.request(1, 'me', never).granted).rejects.toThrow('gone');
});

test('who waits for room has it as soon as the stages have more, and what is held counts on', async () => {
  const admission = new Admission([stage(100, 1)]);
  const first = admission.request(80, 'me', never);
  const second = admission.request(60, 'me', never);
  expect(admission.waitingCount).toBe(1);
  admission.resize([stage(160, 1)]);
  await second.granted;
  expect(admission.largestSession).toBe(160);
  expect(admission.hasRoom(30)).toBe(false);
  first.release();
  expect(admission.hasRoom(30)).toBe(true);
});
