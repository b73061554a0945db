import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import {
  decodeFromHub,
  decodeFromWorker,
  maxNamedBlobs,
  maxWorkerMessageBytes,
  protocolVersion,
  sessionOfRefused,
} from './control.ts';
import { ProtocolError } from './errors.ts';
import { maxGraphBytes, maxPackBytes, StageDescription } from './model.ts';
import { prefillChunks } from './prefillChunks.ts';

test('a message that the other side sends is refused', () => {
  const renew = JSON.stringify({ type: 'renew' });
  expect(decodeFromWorker(renew)).toEqual({ type: 'renew' });
  expect(() => decodeFromHub(renew)).toThrow(ProtocolError);
});

test('what is not JSON, not a known message or too long is refused with the reason', () => {
  expect(() => decodeFromWorker('{')).toThrow('not JSON');
  expect(() => decodeFromWorker('{"type":"dance"}')).toThrow('refused');
  expect(() => decodeFromWorker(JSON.stringify({ type: 'token', sessionId: 'x' }))).toThrow('sessionId');
  expect(() => decodeFromWorker(' '.repeat(maxWorkerMessageBytes + 1))).toThrow('limit');
});

test.each([
  ['nested arrays', '['.repeat(30_000) + ']'.repeat(30_000), '20 arrays'],
  ['nested objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000), '20 arrays'],
  ['many values', `[${'0,'.repeat(30_000)}0]`, '2000 values'],
])('%s are refused before anything is made of them', (_, text, limit) => {
  const parse = vi.spyOn(JSON, 'parse');
  expect(() => decodeFromWorker(text)).toThrow(limit);
  expect(parse).not.toHaveBeenCalled();
  parse.mockRestore();
});

test('the longest hello is understood', () => {
  const hello = {
    ...{ type: 'hello', protocolVersion, token: 't', name: 'n', kind: 'node', version: '1', memoryBytes: 1 },
    workerId: '00000000-0000-4000-8000-000000000001',
    instanceId: '00000000-0000-4000-8000-000000000002',
    device: { kind: 'cpu', description: 'd', float16: false },
    cachedBlobs: Array.from({ length: maxNamedBlobs }, () => 'a'.repeat(64)),
  };
  expect(decodeFromWorker(JSON.stringify(hello))).toEqual(hello);
});

test('any JSON gives a message or a ProtocolError', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(() => decodeFromWorker(text)).toThrow(ProtocolError);
    }),
  );
});

const assignmentId = '00000000-0000-4000-8000-000000000002';
const load = { type: 'load', busy: 0.5, usedBytes: { weights: 31e6, caches: 2e6 } };
const ready = { type: 'stage-report', assignmentId, state: 'ready', cacheBytes: 1e9, tokenStepMs: 3 };

test.each([
  ['says no cache of a stage that is ready', { ...ready, cacheBytes: undefined }],
  ['has caches of an exabyte', { ...ready, cacheBytes: 1e18 }],
  ['takes a year for a token', { ...ready, tokenStepMs: 3.2e10 }],
  ['says no use of memory', { ...load, usedBytes: undefined }],
  ['uses an exabyte of weights', { ...load, usedBytes: { weights: 1e18, caches: 0 } }],
  ['uses less than nothing', { ...load, usedBytes: { weights: 0, caches: -1 } }],
  ['has a process of an exabyte', { ...load, processBytes: 1e18 }],
])('a worker that %s is refused', (_, message) => {
  expect(decodeFromWorker(JSON.stringify(ready))).toEqual(ready);
  expect(decodeFromWorker(JSON.stringify(load))).toEqual(load);
  expect(() => decodeFromWorker(JSON.stringify(message))).toThrow(ProtocolError);
});

test('a stage whose graph or pack is longer than any real one is refused before it is fetched', () => {
  const blob = (size: number): object => ({ sha256: 'a'.repeat(64), size });
  const { graph, packs } = StageDescription.shape;
  expect(graph.safeParse(blob(maxGraphBytes)).success).toBe(true);
  expect(graph.safeParse(blob(1.5e9)).success).toBe(false);
  expect(packs.safeParse([blob(maxPackBytes)]).success).toBe(true);
  expect(packs.safeParse([blob(1.5e9)]).success).toBe(false);
});

test('prefill chunks cover the prompt, fit the limit and are never a single row', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 2, max: 600 }),
      (length, chunkTokens) => {
        const chunks = prefillChunks(length, chunkTokens);
        expect(chunks.reduce((sum, chunk) => sum + chunk, 0)).toBe(length);
        expect(Math.max(...chunks)).toBeLessThanOrEqual(chunkTokens);
        if (length > 3 && chunkTokens > 2) expect(Math.min(...chunks)).toBeGreaterThan(1);
      },
    ),
  );
});

test('a refused message still says which session it is about', () => {
  const about = {
    sessionId: '00000000-0000-4000-8000-000000000001',
    assignmentId,
    epoch: 3,
  };
  const message = JSON.stringify({ type: 'open-session', ...about, stopTokenIds: 'none' });
  expect(() => decodeFromHub(message)).toThrow(ProtocolError);
  expect(sessionOfRefused(message)).toEqual(about);
  expect(sessionOfRefused('{"type":"assign"}')).toBeUndefined();
  expect(sessionOfRefused('{')).toBeUndefined();
});
