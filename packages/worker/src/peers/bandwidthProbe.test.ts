import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../log.ts';
import { BandwidthProbe } from './bandwidthProbe.ts';
import { decodeLinkMessage } from './linkMessages.ts';
import type { PeerTransport } from './peerTransport.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A wire of a known width and length, the answering peer at its end, and the probe that measures it. */
function wire({
  bytesPerSecond = 1e6,
  roundTripMs = 10,
  kind = 'direct',
}: { bytesPerSecond?: number; roundTripMs?: number; kind?: PeerTransport['kind'] } = {}) {
  const measured: number[] = [];
  const sent = { bytes: 0, idleAt: 0 };
  let isIdle = true;
  const probe = new BandwidthProbe({
    waitTicks: 1,
    mayStart: () => isIdle,
    onMeasured: (value) => measured.push(value),
    log: silentLog,
  });
  const transport: PeerTransport = {
    kind,
    listen() {},
    close() {},
    send(slice) {
      const now = performance.now();
      sent.idleAt = Math.max(now, sent.idleAt) + (1000 * slice.byteLength) / bytesPerSecond;
      sent.bytes += slice.byteLength;
      const message = decodeLinkMessage(slice);
      if (message.kind === 'ping') {
        setTimeout(() => probe.confirm(message.number), sent.idleAt - now + roundTripMs);
      }
      return undefined;
    },
  };
  return {
    probe,
    measured,
    sent,
    tick: () => probe.tick(transport, roundTripMs),
    setIdle: (value: boolean) => void (isIdle = value),
  };
}

it.each([
  ['a wire of 1 MB/s', { bytesPerSecond: 1e6 }],
  ['a wire of 100 MB/s', { bytesPerSecond: 100e6, roundTripMs: 1 }],
  ['a far wire', { bytesPerSecond: 4e6, roundTripMs: 80 }],
  ['a relayed wire', { bytesPerSecond: 20e6, kind: 'relayed' as const }],
])('measures %s', async (_, init) => {
  const { tick, measured } = wire(init);
  tick();
  expect(measured).toEqual([]);
  tick();
  await vi.advanceTimersByTimeAsync(1000);
  expect(measured).toHaveLength(1);
  expect(measured[0]).toBeGreaterThan(0.8 * init.bytesPerSecond);
  expect(measured[0]).toBeLessThan(1.05 * init.bytesPerSecond);
});

it('does not make a wonder of a link whose round trip was measured too long', async () => {
  const { tick, measured } = wire({ bytesPerSecond: 1e6, roundTripMs: 500 });
  tick();
  tick();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(measured[0]).toBeLessThan(1.05e6);
});

it('fills a wide wire and spares a narrow and a shared one', async () => {
  const burst = async (init: Parameters<typeof wire>[0]): Promise<number> => {
    const { tick, sent } = wire(init);
    tick();
    tick();
    await vi.advanceTimersByTimeAsync(5000);
    return sent.bytes;
  };
  expect(await burst({ bytesPerSecond: 50e6 })).toBeGreaterThan(1024 * 1024);
  expect(await burst({ bytesPerSecond: 50e6, kind: 'relayed' })).toBeLessThan(400 * 1024);
  // A frame that comes meanwhile waits for one round at most: 16 KiB.
  expect(await burst({ bytesPerSecond: 100e3 })).toBeLessThan(80 * 1024);
});

it('measures once, then again after ten minutes, and anew over another transport', async () => {
  const { tick, probe, measured } = wire();
  const pass = async (seconds: number): Promise<number> => {
    for (let second = 0; second < seconds; second++) {
      tick();
      await vi.advanceTimersByTimeAsync(1000);
    }
    return measured.length;
  };
  expect(await pass(590)).toBe(1);
  expect(await pass(30)).toBe(2);
  probe.restart();
  expect(await pass(5)).toBe(3);
});

it('waits while sessions are open or the other end measures', async () => {
  const { tick, probe, setIdle, sent, measured } = wire();
  setIdle(false);
  for (let count = 0; count < 5; count++) tick();
  expect(sent.bytes).toBe(0);
  setIdle(true);
  probe.otherProbes();
  tick();
  expect(sent.bytes).toBe(0);
  await vi.advanceTimersByTimeAsync(1100);
  tick();
  await vi.advanceTimersByTimeAsync(1000);
  expect(measured).toHaveLength(1);
});

it('is over as soon as the link is needed, and tries again', async () => {
  const { tick, probe, sent, measured } = wire();
  tick();
  tick();
  await vi.advanceTimersByTimeAsync(1);
  const before = sent.bytes;
  probe.disturb();
  await vi.advanceTimersByTimeAsync(1000);
  expect([sent.bytes, measured]).toEqual([before, []]);
  tick();
  await vi.advanceTimersByTimeAsync(1000);
  expect(measured).toHaveLength(1);
});
