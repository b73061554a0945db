import { WorkerId } from '@potluck/protocol';
import { expect, test, vi } from 'vitest';
import { memoryTransportPair } from './memoryTransport.ts';
import { slowConnector } from './slowConnector.ts';

test('slices come later, whole and in their order', async () => {
  vi.useFakeTimers();
  try {
    const [own, theirs] = memoryTransportPair();
    const connector = slowConnector(
      { start: () => Promise.resolve(), connect: () => Promise.resolve(own), close: () => undefined },
      50,
    );
    const peer = WorkerId.parse('00000000-0000-4000-8000-000000000001');
    const transport = await connector.connect(peer, AbortSignal.timeout(1000));
    const received: number[] = [];
    transport.listen({ onSlice: ([first]) => received.push(first ?? -1), onClosed: () => undefined });
    for (const number of [1, 2, 3]) await theirs.send(new Uint8Array([number]));
    await vi.advanceTimersByTimeAsync(49);
    expect(received).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(received).toEqual([1, 2, 3]);
  } finally {
    vi.useRealTimers();
  }
});
