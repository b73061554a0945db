import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClientMessage, ServerMessage } from './signallingMessage.ts';
import { SignallingRoom, type SignallingSocket } from './signallingRoom.ts';

class Client implements SignallingSocket {
  readonly received: ServerMessage[] = [];
  closed = false;
  send(message: ServerMessage): void {
    this.received.push(message);
  }
  close(): void {
    this.closed = true;
  }
}

const connection = { type: 'data', connectionId: 'c' } as const;
const offer = (dst: string): ClientMessage => ({
  type: 'OFFER',
  dst,
  payload: { ...connection, serialization: 'raw', sdp: { type: 'offer', sdp: 'x' } },
});
const candidate = (dst: string): ClientMessage => ({
  type: 'CANDIDATE',
  dst,
  payload: { ...connection, candidate: { candidate: 'x' } },
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a message reaches its receiver with its sender', () => {
  const room = new SignallingRoom();
  const [a, b] = [new Client(), new Client()];
  room.enter('a', 't', a);
  room.enter('b', 'u', b);
  room.receive('a', a, offer('b'));
  expect(b.received).toEqual([{ type: 'OPEN' }, { ...offer('b'), src: 'a' }]);
});

test('a message for a peer that comes within five seconds waits for it', () => {
  const room = new SignallingRoom();
  const [a, b] = [new Client(), new Client()];
  room.enter('a', 't', a);
  room.receive('a', a, candidate('b'));
  vi.advanceTimersByTime(4999);
  room.enter('b', 'u', b);
  vi.advanceTimersByTime(5000);
  expect(b.received).toEqual([{ type: 'OPEN' }, { ...candidate('b'), src: 'a' }]);
  expect(a.received).toEqual([{ type: 'OPEN' }]);
});

test('a message for a peer that does not come expires', () => {
  const room = new SignallingRoom();
  const a = new Client();
  room.enter('a', 't', a);
  room.receive('a', a, offer('b'));
  vi.advanceTimersByTime(5000);
  expect(a.received.at(-1)).toEqual({ type: 'EXPIRE', src: 'b', dst: 'a' });
});

test('the same token again takes the place over and gets OPEN again', () => {
  const room = new SignallingRoom();
  const [old, fresh, other] = [new Client(), new Client(), new Client()];
  room.enter('a', 't', old);
  expect(room.enter('a', 't', fresh)).toBe(true);
  expect(old.closed).toBe(true);
  expect(fresh.received).toEqual([{ type: 'OPEN' }]);
  room.leave('a', old);
  expect(room.enter('a', 'another token', other)).toBe(false);
});

test('a socket that was replaced can no longer speak for its id', () => {
  const room = new SignallingRoom();
  const [old, fresh, b] = [new Client(), new Client(), new Client()];
  room.enter('a', 't', old);
  room.enter('a', 't', fresh);
  room.enter('b', 'u', b);
  room.receive('a', old, offer('b'));
  expect(b.received).toEqual([{ type: 'OPEN' }]);
});

test('a client reaches only those that it may', () => {
  const room = new SignallingRoom({ mayReach: (from, to) => from === 'a' && to === 'b' });
  const [a, b] = [new Client(), new Client()];
  room.enter('a', 't', a);
  room.enter('b', 'u', b);
  room.receive('b', b, offer('a'));
  room.receive('a', a, offer('b'));
  expect(a.received).toEqual([{ type: 'OPEN' }]);
  expect(b.received).toEqual([
    { type: 'OPEN' },
    { type: 'EXPIRE', src: 'a', dst: 'b' },
    { ...offer('b'), src: 'a' },
  ]);
});
