/** The hub is what the test says; time is faked. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sha256 } from '@potluck/protocol';
import { downloadBlob } from './downloadBlob.ts';
import type { PartialBlob } from './blobStore.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const blob = { sha256: Sha256.parse('ab'.repeat(32)), size: 6 };

function partialBlob(): PartialBlob & { bytes: number[] } {
  const bytes: number[] = [];
  return {
    bytes,
    get size() {
      return bytes.length;
    },
    append: (more) => Promise.resolve(void bytes.push(...more)),
    discard: () => Promise.resolve(void bytes.splice(0)),
  } as PartialBlob & { bytes: number[] };
}

/** A connection that stays open, with nothing more to come, until it is ended. */
const silent = (signal: AbortSignal | null | undefined, first: number[] = []): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      if (first.length > 0) controller.enqueue(Uint8Array.from(first));
      signal?.addEventListener('abort', () => controller.error(signal.reason));
    },
  });

test('a hub that falls silent, before its answer or amid it, is asked again for the rest', async () => {
  const partial = partialBlob();
  const ranges: (string | null)[] = [];
  const askedAt: number[] = [];
  const began = performance.now();
  const answers: ((signal: AbortSignal | null | undefined) => Promise<Response>)[] = [
    (signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      }),
    (signal) => Promise.resolve(new Response(silent(signal, [1, 2, 3, 4]))),
    () =>
      Promise.resolve(
        new Response(Uint8Array.from([5, 6]), { status: 206, headers: { 'content-range': 'bytes 4-5/6' } }),
      ),
  ];
  const whole = downloadBlob(
    {
      ...{ hubUrl: 'http://hub.test', token: 'join' },
      fetch: (_url, init) => {
        askedAt.push(Math.round(performance.now() - began));
        ranges.push(new Headers(init?.headers).get('range'));
        return answers.shift()?.(init?.signal) ?? Promise.reject(new Error('asked too often'));
      },
    },
    blob,
    partial,
    {
      ...{ model: 'tiny', range: 'layers 0 to 3', onBytes: () => undefined, onNote: () => undefined },
      signal: new AbortController().signal,
    },
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await whole;
  expect(partial.bytes).toEqual([1, 2, 3, 4, 5, 6]);
  expect(ranges).toEqual([null, null, 'bytes=4-']);
  // After 5 s without an answer, 15 s amid one, and a pause before each try.
  expect(askedAt).toEqual([0, 5400, 20_600]);
});
