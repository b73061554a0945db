import { randomUUID } from 'node:crypto';
import { WorkerId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import {
  barOf,
  isBelieved,
  judged,
  movedAt,
  outcomeOf,
  servesSince,
  shiftedWeighed,
  weighedAt,
  type Hope,
  type Weighed,
} from './weighed.ts';

const minute = 60_000;
const workers = [WorkerId.parse(randomUUID())];
const promise = { beforeMs: 50, promisedMs: 10, workers };
const hope: Hope = { since: 0, tokens: 100, target: [], isBold: false };

/** It moves at a time, and is judged at another one by what a token takes. */
function moved(before: Weighed, at: number, measuredMs: number, judgedAt = at + minute): Weighed {
  const serving = servesSince(at, movedAt(at, before, promise), { workers, isRepaired: false });
  return judged(serving, outcomeOf(promise, measuredMs), judgedAt);
}

const fresh = servesSince(0, undefined, { workers, isRepaired: false });

test('it is asked first after a minute, and after seconds where others took the place of a lost device', () => {
  expect(fresh.againAt).toBe(minute);
  expect(servesSince(0, undefined, { workers, isRepaired: true }).againAt).toBe(5000);
});

test('a promise waits for answers, but not for ever, and only where it was given for these workers', () => {
  const moving = movedAt(0, fresh, promise);
  const serving = servesSince(1000, moving, { workers, isRepaired: false });
  expect(serving).toMatchObject({ moves: 1, againAt: 1000 + 30 * minute, promise: { since: 1000 } });
  const others = servesSince(1000, moving, { workers: [], isRepaired: false });
  expect(others).toMatchObject({ moves: 1, againAt: 1000 + 5 * minute });
  expect(others.promise).toBeUndefined();
  expect(servesSince(1000, moving, { workers, isRepaired: true }).promise).toBeUndefined();
});

test('half of what was promised is enough', () => {
  expect(outcomeOf(promise, 30)).toEqual({ beforeMs: 50, promisedMs: 10, measuredMs: 30, didPay: true });
  expect(outcomeOf(promise, 31).didPay).toBe(false);
});

test('moves that change little come ever more rarely, and the next one must promise more', () => {
  const once = moved(fresh, 0, 50);
  expect(once).toMatchObject({ moves: 1, broken: 1, againAt: 5 * minute });
  expect(barOf(once)).toBe(1.5);
  const twice = moved(once, 5 * minute, 40);
  expect(twice).toMatchObject({ moves: 2, broken: 2, againAt: 65 * minute });
  const often = Array.from({ length: 9 }).reduce<Weighed>((before) => moved(before, 0, 50), fresh);
  expect(often.againAt).toBe(360 * minute);
  expect(barOf(often)).toBe(2.25);
  // A move that pays ends that.
  expect(barOf(moved(often, 0, 28))).toBe(1);
});

test('what is clearly better does not count, and what is clearly worse may end at once', () => {
  expect(moved(fresh, 0, 12)).toMatchObject({ moves: 0, broken: 0, againAt: minute });
  const worse = moved(fresh, 0, 200);
  expect(worse).toMatchObject({ moves: 1, againAt: minute, isWorse: true });
  expect(barOf(worse)).toBe(1);
  // After two moves it must be worse by more than noise.
  expect(moved(worse, 0, 100)).toMatchObject({ moves: 2, againAt: 60 * minute });
  expect(moved(worse, 0, 200)).toMatchObject({ moves: 2, againAt: minute });
});

test('what is hoped for must last; what is promised boldly much longer, and over answers', () => {
  expect(isBelieved(hope, fresh, { at: minute - 1, tokens: 100 })).toBe(false);
  expect(isBelieved(hope, fresh, { at: minute, tokens: 100 })).toBe(true);
  const bold = { ...hope, isBold: true };
  expect(isBelieved(bold, fresh, { at: 10 * minute, tokens: 100 })).toBe(false);
  expect(isBelieved(bold, fresh, { at: 10 * minute, tokens: 101 })).toBe(true);
  expect(isBelieved(bold, { ...fresh, isWorse: true }, { at: 2 * minute, tokens: 101 })).toBe(true);
});

test('it is looked at again soon while something is hoped for, whatever a placement costs', () => {
  const asked = { isMoving: false, pauseMs: 1000 * minute };
  expect(weighedAt(0, fresh, { ...asked, hope })).toMatchObject({ hope, againAt: 20_000 });
  const after = weighedAt(0, { ...fresh, hope }, asked);
  expect(after.hope).toBeUndefined();
  expect(after.againAt).toBe(1000 * minute);
});

test('what was loaded for nothing is tried ever more rarely', () => {
  const asked = { isMoving: true, pauseMs: 0 };
  const once = weighedAt(0, fresh, asked);
  expect(once).toMatchObject({ moves: 0, tries: 1, againAt: 2 * minute });
  const often = Array.from({ length: 20 }).reduce<Weighed>((before) => weighedAt(0, before, asked), once);
  expect(often.againAt).toBe(360 * minute);
  expect(movedAt(0, often, promise).tries).toBeUndefined();
});

test('moves are forgotten after eight times as long as it stays because of them', () => {
  const asked = { isMoving: false, pauseMs: 0 };
  const once = moved(fresh, 0, 50);
  expect(weighedAt(40 * minute, once, asked)).toMatchObject({ moves: 1, broken: 1 });
  expect(weighedAt(41 * minute, once, asked)).toMatchObject({ moves: 0, broken: 0 });
});

test('a clock that jumped takes all times with it', () => {
  const shifted = shiftedWeighed({ ...fresh, hope }, 1000);
  expect(shifted).toMatchObject({ againAt: minute + 1000, since: 1000, hope: { since: 1000 } });
});
