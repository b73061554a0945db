import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Doubts, lookEveryMs } from './doubts.ts';
import { longestPatienceMs, shortestPatienceMs } from './patience.ts';

/** Smallest step of the time here, in milliseconds. */
const tickMs = 10;
/** As a session does it: after so long without progress, and then so often. */
const [askAfterMs, askEveryMs] = [450, 100];

interface Puppet {
  id: WorkerId;
  /** How long it takes to answer, in milliseconds; a probe that it never gets to has none. */
  answersIn: (now: number) => number | undefined;
  heardAt: number;
  /** When its answers arrive at the hub's socket. */
  answers: number[];
}

/** Two workers that serve, with somebody who stands by for each, at a hub that looks and reads in turns. */
function world({ standBy = true, answersIn = (): number | undefined => 20 } = {}) {
  let now = 0;
  const puppet = (): Puppet => ({
    id: WorkerId.parse(randomUUID()),
    answersIn: () => answersIn(),
    heardAt: 0,
    answers: [],
  });
  const [one, other, oneStandsBy, otherStandsBy] = [puppet(), puppet(), puppet(), puppet()];
  const all = new Map([one, other, oneStandsBy, otherStandsBy].map((each) => [each.id, each]));
  const gone: { id: WorkerId; at: number }[] = [];
  const paused = new Set<WorkerId>();
  const standIns = new Map([
    [one.id, [oneStandsBy.id]],
    [other.id, [otherStandsBy.id]],
  ]);
  const doubts = new Doubts({
    heardAt: (id) => all.get(id)?.heardAt,
    isPaused: (id) => paused.has(id),
    probe: (id) => {
      const each = all.get(id);
      const milliseconds = each?.answersIn(now);
      if (milliseconds !== undefined) each?.answers.push(now + milliseconds);
    },
    standIns: (id) => (standBy ? (standIns.get(id) ?? []) : []),
  });
  let looksAt = 0;
  /** A turn of the hub's event loop: timers, then what has arrived. */
  const turn = (): void => {
    if (now >= looksAt) {
      looksAt = now + lookEveryMs;
      for (const id of doubts.look(now)) {
        gone.push({ id, at: now });
        all.delete(id);
      }
    }
    for (const each of all.values()) {
      if (!each.answers.some((at) => at <= now)) continue;
      each.answers = each.answers.filter((at) => at > now);
      each.heardAt = now;
    }
  };
  const pass = (milliseconds: number, { asks = [] as Puppet[] } = {}): void => {
    for (const begin = now; now < begin + milliseconds;) {
      if ((now - begin) % askEveryMs === 0) for (const { id } of asks) if (all.has(id)) doubts.ask(id, now);
      now += tickMs;
      turn();
    }
  };
  /** The hub itself does nothing. */
  const stall = (milliseconds: number): void => {
    now += milliseconds;
    turn();
  };
  const comesBack = (each: Puppet): void => {
    all.set(each.id, each);
    each.heardAt = now;
  };
  return { one, other, oneStandsBy, doubts, gone, paused, pass, stall, comesBack, now: () => now };
}

const never = (): undefined => undefined;

test('a worker that others can replace is missed after a second, and another one later', () => {
  for (const { standBy, least } of [
    { standBy: true, least: shortestPatienceMs },
    { standBy: false, least: longestPatienceMs },
  ]) {
    const { one, other, doubts, gone, pass, now } = world({ standBy });
    one.answersIn = never;
    const askedAt = now();
    doubts.ask(one.id, askedAt);
    pass(5000, { asks: [one, other] });
    expect(gone.map(({ id }) => id)).toEqual([one.id]);
    const took = (gone[0]?.at ?? 0) - askedAt;
    expect(took).toBeGreaterThanOrEqual(least);
    expect(took).toBeLessThanOrEqual(least + 2 * lookEveryMs);
  }
});

test('nobody is missed early whose stand-in says nothing either, or where all are slow', () => {
  const asleep = world();
  asleep.one.answersIn = never;
  asleep.oneStandsBy.answersIn = never;
  asleep.pass(1800, { asks: [asleep.one] });
  expect(asleep.gone).toEqual([]);
  const slow = world({ answersIn: () => 1500 });
  slow.pass(10_000, { asks: [slow.one, slow.other] });
  expect(slow.gone).toEqual([]);
});

test('a worker that took long lately has more time, also when it comes back after it was given up', () => {
  const { one, other, gone, pass, comesBack } = world();
  one.answersIn = () => 990;
  pass(3000, { asks: [one, other] });
  one.answersIn = () => 1150;
  pass(5000, { asks: [one, other] });
  expect(gone).toEqual([]);
  other.answersIn = () => 1500;
  pass(1500, { asks: [other] });
  expect(gone.map(({ id }) => id)).toEqual([other.id]);
  comesBack(other);
  pass(10_000, { asks: [other] });
  expect(gone).toHaveLength(1);
});

test('two that fall asleep at once do not hide each other', () => {
  const { one, other, gone, pass } = world();
  one.answersIn = never;
  other.answersIn = never;
  pass(1300, { asks: [one, other] });
  expect(new Set(gone.map(({ id }) => id))).toEqual(new Set([one.id, other.id]));
});

test('a hub that stood still, or does not read, accuses nobody', () => {
  const { one, gone, paused, pass, stall } = world();
  one.answersIn = () => 900;
  pass(500, { asks: [one] });
  stall(60_000);
  pass(100, { asks: [one] });
  expect(gone).toEqual([]);
  one.answersIn = never;
  paused.add(one.id);
  pass(10_000, { asks: [one] });
  expect(gone).toEqual([]);
});

test('property: no false suspicion where signs of life take up to 0.8 s and the hub stalls; who is silent for good is missed within 1.6 s', () => {
  const delay = fc.integer({ min: 0, max: 80 }).map((tens) => 10 * tens);
  const gap = fc.integer({ min: 1, max: 30 }).map((tens) => 100 * tens);
  const stalls = fc.record({
    after: gap,
    milliseconds: fc.integer({ min: 1, max: 500 }).map((tens) => 10 * tens),
  });
  fc.assert(
    fc.property(
      fc.array(delay, { minLength: 1, maxLength: 40 }),
      fc.array(fc.record({ progressAfter: gap, stall: fc.option(stalls, { nil: undefined }) }), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.integer({ min: 0, max: 200 }),
      (delays, steps, silentAfter) => {
        let probes = 0;
        const all = world({ answersIn: () => delays[probes++ % delays.length] });
        const asks = [all.one, all.other];
        for (const { progressAfter, stall } of steps) {
          all.pass(Math.min(progressAfter, askAfterMs));
          all.pass(Math.max(0, progressAfter - askAfterMs), { asks });
          if (stall) {
            all.stall(stall.milliseconds);
            all.pass(stall.after, { asks });
          }
        }
        expect(all.gone).toEqual([]);
        // Asleep in the middle of a step that is asked about, or not yet.
        all.pass(10 * silentAfter, { asks: 10 * silentAfter > askAfterMs ? asks : [] });
        const silentAt = all.now();
        all.one.answersIn = never;
        all.one.answers = [];
        all.pass(Math.max(0, askAfterMs - 10 * silentAfter));
        all.pass(1600, { asks });
        expect(all.gone.map(({ id }) => id)).toEqual([all.one.id]);
        const [lost] = all.gone;
        expect((lost?.at ?? Infinity) - silentAt).toBeLessThanOrEqual(1600);
      },
    ),
    { seed: 14, numRuns: 100 },
  );
});
