/** What every transport to a peer must do; each adapter's test calls this with a way to make a connected pair. */
import { maxSliceBytes } from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { TransportClosedError } from '../src/errors.ts';
import type { PeerTransport } from '../src/peers/peerTransport.ts';

/** Both ends of one connection, open. */
export interface TransportPair {
  first: PeerTransport;
  second: PeerTransport;
  /** Breaks the connection as an unplugged cable would. */
  cut: () => void;
  dispose?(): Promise<void>;
}

export function runPeerTransportTests(name: string, setup: () => Promise<TransportPair>): void {
  describe(`${name} as a peer transport`, () => {
    let pair: TransportPair | undefined;
    afterEach(async () => {
      pair?.first.close();
      pair?.second.close();
      await pair?.dispose?.();
    });

    it('delivers slices whole, in order, in buffers of their own', async () => {
      pair = await setup();
      const sent = [17, 1000, maxSliceBytes, 20].map((length, index) =>
        new Uint8Array(length).fill(index + 1),
      );
      const received = collect(pair.second, sent.length);
      pair.first.listen({ onSlice() {}, onClosed() {} });
      for (const slice of sent) await pair.first.send(slice);
      const slices = await received;
      expect(slices.map((slice) => [slice.byteLength, slice[0]])).toEqual(
        sent.map((slice) => [slice.byteLength, slice[0]]),
      );
      for (const slice of slices) expect(slice.byteOffset).toBe(0);
    });

    it('carries both directions at once', async () => {
      pair = await setup();
      const atFirst = collect(pair.first, 1);
      const atSecond = collect(pair.second, 1);
      await pair.first.send(new Uint8Array(40).fill(1));
      await pair.second.send(new Uint8Array(40).fill(2));
      expect((await atFirst)[0]?.[0]).toBe(2);
      expect((await atSecond)[0]?.[0]).toBe(1);
    });

    it('makes a fast sender wait, and delivers everything', async () => {
      pair = await setup();
      const count = 128;
      const received = collect(pair.second, count);
      pair.first.listen({ onSlice() {}, onClosed() {} });
      let waits = 0;
      for (let index = 0; index < count; index++) {
        const wait = pair.first.send(new Uint8Array(maxSliceBytes).fill(index));
        if (!wait) continue;
        waits++;
        await wait;
      }
      expect((await received).map((slice) => slice[0])).toEqual(
        Array.from({ length: count }, (_, index) => index),
      );
      expect(waits).toBeGreaterThan(0);
    });

    it('tells both ends once when it is cut, and refuses to send after that', async () => {
      const { first, second, cut } = (pair = await setup());
      const closed = Promise.all([first, second].map((end) => closing(end)));
      cut();
      await closed;
      expect(() => void first.send(new Uint8Array(20))).toThrow(TransportClosedError);
    });
  });
}

function collect(transport: PeerTransport, count: number): Promise<Uint8Array[]> {
  const slices: Uint8Array[] = [];
  return new Promise((resolve, reject) => {
    transport.listen({
      onSlice(slice) {
        slices.push(slice);
        if (slices.length === count) resolve(slices);
      },
      onClosed: (reason) => reject(new Error(reason)),
    });
  });
}

function closing(transport: PeerTransport): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = false;
    transport.listen({
      onSlice() {},
      onClosed(reason) {
        if (told) reject(new Error('told twice'));
        told = true;
        resolve(reason);
      },
    });
  });
}
