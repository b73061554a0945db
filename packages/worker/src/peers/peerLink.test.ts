import { cutIntoSlices, WorkerId } from '@potluck/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../log.ts';
import { memoryTransportPair, type MemoryTransport } from './memoryTransport.ts';
import { PeerLink } from './peerLink.ts';
import type { PeerTransport } from './peerTransport.ts';

const peer = WorkerId.parse('00000000-0000-4000-8000-000000000001');
const links: PeerLink[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

interface End {
  link: PeerLink;
  received: string[];
  broken: string[];
  kinds: (string | undefined)[];
  bandwidth: Promise<number>;
  /** Resolves when so many frames have arrived. */
  frames(count: number): Promise<string[]>;
}

function makeEnd(): End {
  const received: string[] = [];
  const broken: string[] = [];
  const kinds: (string | undefined)[] = [];
  const { promise: bandwidth, resolve: measured } = Promise.withResolvers<number>();
  const waiting: { count: number; resolve: (frames: string[]) => void }[] = [];
  const link = new PeerLink(
    { peer, log: silentLog, probe: { waitTicks: 0, mayStart: () => true } },
    {
      onFrame(frame) {
        received.push(new TextDecoder().decode(frame.subarray(0, 4)));
        for (const { count, resolve } of waiting) if (received.length >= count) resolve(received);
      },
      onTransport: (kind) => kinds.push(kind),
      onRoundTrip() {},
      onPath() {},
      onBandwidth: (bytesPerSecond) => measured(bytesPerSecond),
      onBroken: (_, reason) => broken.push(reason),
    },
  );
  links.push(link);
  return {
    link,
    received,
    broken,
    kinds,
    bandwidth,
    frames: (count) =>
      received.length >= count
        ? Promise.resolve(received)
        : new Promise((resolve) => waiting.push({ count, resolve })),
  };
}

/** A frame with a name of four letters. */
function named(name: string, byteLength = 4): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength);
  bytes.set(new TextEncoder().encode(name));
  return bytes;
}

function connect(a: End, b: End, kind: PeerTransport['kind'], latencyMs = 0): MemoryTransport {
  const [atA, atB] = memoryTransportPair({ kind, latencyMs, windowBytes: 100_000 });
  a.link.add(atA);
  b.link.add(atB);
  return atA;
}

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `f${String(index).padStart(3, '0')}`);

describe('a link between two workers', () => {
  it('keeps frames until there is a transport', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    a.link.send('session', named('lazy'));
    connect(a, b, 'direct');
    expect(await b.frames(1)).toEqual(['lazy']);
  });

  it('is measured from both ends, and frames go on as before', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    connect(a, b, 'direct');
    expect(await a.bandwidth).toBeGreaterThan(0);
    a.link.send('session', named('next'));
    expect(await b.frames(1)).toEqual(['next']);
    expect(await b.bandwidth).toBeGreaterThan(0);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it('lets a short frame overtake a long one of another session, but not one of its own', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    connect(a, b, 'direct', 1);
    a.link.send('one', named('long', 1_000_000));
    a.link.send('one', named('mine'));
    a.link.send('two', named('fast'));
    expect(await b.frames(3)).toEqual(['fast', 'long', 'mine']);
  });

  it.each([1, 5])(
    'sends again over the relay what was under way when a connection is cut (%i ms)',
    async (latencyMs) => {
      const [a, b] = [makeEnd(), makeEnd()];
      const direct = connect(a, b, 'direct', latencyMs);
      connect(a, b, 'relayed', latencyMs);
      const all = names(40);
      for (const [index, name] of all.entries())
        a.link.send('session', named(name, index % 3 ? 100 : 90_000));
      await b.frames(7);
      direct.cut('unplugged');
      expect(await b.frames(40)).toEqual(all);
      expect([a.broken, b.broken]).toEqual([[], []]);
      expect(a.kinds).toEqual(['direct', 'relayed']);
    },
  );

  it('does so also where the relay comes only after the loss, and at one end first', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    const direct = connect(a, b, 'direct', 1);
    const all = names(20);
    for (const name of all) a.link.send('session', named(name, 30_000));
    await b.frames(3);
    direct.cut('unplugged');
    await new Promise((resolve) => queueMicrotask(() => queueMicrotask(() => resolve(undefined))));
    connect(a, b, 'relayed', 1);
    expect(await b.frames(20)).toEqual(all);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it('moves from the relay to a direct connection without losing or swapping a frame', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    connect(a, b, 'relayed', 5);
    const all = names(40);
    for (const name of all.slice(0, 20)) a.link.send('session', named(name, 20_000));
    await b.frames(3);
    connect(a, b, 'direct');
    for (const name of all.slice(20)) a.link.send('session', named(name, 200));
    expect(await b.frames(40)).toEqual(all);
    expect(a.kinds).toEqual(['relayed', 'direct']);
  });

  it('keeps what it sends in order when the relay dies while a direct connection takes over', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    const relay = connect(a, b, 'relayed', 5);
    const all = names(30);
    for (const name of all.slice(0, 3)) a.link.send('session', named(name, 300));
    connect(a, b, 'direct');
    for (const name of all.slice(3)) a.link.send('session', named(name, 300));
    relay.cut('the hub is gone');
    expect(await b.frames(30)).toEqual(all);
    expect([a.broken, b.broken]).toEqual([[], []]);
  });

  it('says that frames are lost when the peer starts anew', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    const first = connect(a, b, 'direct', 1);
    a.link.send('session', named('once'));
    await b.frames(1);
    b.link.send('session', named('back'));
    await a.frames(1);
    first.cut('killed');
    a.link.send('session', named('lost'));
    const restarted = makeEnd();
    connect(a, restarted, 'direct', 1);
    a.link.send('session', named('new1'));
    restarted.link.send('session', named('new2'));
    expect((await a.frames(2)).at(-1)).toBe('new2');
    expect(a.broken.join()).toMatch(/started anew/);
  });

  it('reports a slice that continues nothing, and goes on', async () => {
    const [a, b] = [makeEnd(), makeEnd()];
    const [atA, atB] = memoryTransportPair();
    atA.listen({ onSlice() {}, onClosed() {} });
    b.link.add(atB);
    const [, second] = [...cutIntoSlices(1, named('late', 100_000))];
    void atA.send(second as Uint8Array<ArrayBuffer>);
    for (const slice of cutIntoSlices(0, named('good'))) void atA.send(slice);
    expect(await b.frames(1)).toEqual(['good']);
    expect(b.broken).toHaveLength(1);
    a.link.close();
  });
});
