import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LoadMeter, type Load } from './loadMeter.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function metered(): { told: Load[]; meter: LoadMeter; used: Load['usedBytes'] } {
  const told: Load[] = [];
  const used = { weights: 0, caches: 0 };
  const meter = new LoadMeter({
    used: async () => ({ ...used }),
    processBytes: () => 1000 + told.length,
    report: (load) => told.push(load),
    now: Date.now,
  });
  return { told, meter, used };
}

test('says how busy it is while there is work, and once that it rests', async () => {
  const { told, meter } = metered();
  for (let i = 0; i < 4; i++) {
    await vi.advanceTimersByTimeAsync(500);
    meter.add(125);
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toHaveLength(2);
  expect(told[0]?.busy).toBeCloseTo(0.25, 1);
  expect(told[1]?.busy).toBe(0);
});

test('a step that took longer than what is looked at counts as all of it', async () => {
  const { told, meter } = metered();
  meter.add(100);
  await vi.advanceTimersByTimeAsync(1_900);
  meter.add(9_000);
  await vi.advanceTimersByTimeAsync(500);
  expect(told.map(({ busy }) => busy)).toEqual([1]);
  meter.stop();
  meter.add(9_000);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toHaveLength(1);
});

test('says what is used when that has changed, without any work', async () => {
  const { told, meter, used } = metered();
  used.weights = 500;
  meter.changed();
  meter.changed();
  await vi.advanceTimersByTimeAsync(10_000);
  meter.changed();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(told).toEqual([{ busy: 0, usedBytes: { weights: 500, caches: 0 }, processBytes: 1000 }]);
});

test('says all of it again to a hub that has forgotten it', async () => {
  const { told, meter } = metered();
  await meter.restart();
  await meter.restart();
  expect(told).toHaveLength(2);
});

test('says what the weights take on disk: seldom while there is work, and at its end', async () => {
  let looks = 0;
  const told: Load[] = [];
  const meter = new LoadMeter({
    used: async () => ({ weights: 0, caches: 0 }),
    processBytes: undefined,
    disk: async () => ({ weightBytes: ++looks, freeBytes: 10 }),
    report: (load) => told.push(load),
    now: Date.now,
  });
  for (let i = 0; i < 10; i++) {
    meter.add(100 * i);
    await vi.advanceTimersByTimeAsync(2_000);
  }
  await vi.advanceTimersByTimeAsync(4_000);
  expect(told.at(-1)).toMatchObject({ busy: 0, disk: { weightBytes: looks, freeBytes: 10 } });
  expect(looks).toBeLessThan(told.length);
  meter.stop();
});
