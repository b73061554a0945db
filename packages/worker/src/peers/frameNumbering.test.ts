import { expect, it } from 'vitest';
import { FrameNumbering } from './frameNumbering.ts';

const frame = (number: number) => ({ number, sessionId: 'one', bytes: new Uint8Array(4) });

it('sends again what the other end lacks, and all of it where the other end started anew', () => {
  const [one, other] = [new FrameNumbering(), new FrameNumbering()];
  other.meet(one.begin());
  one.meet(other.begin());
  for (let sent = 0; sent < 3; sent++) one.journal.add(frame(one.next()));
  other.arrived(0);
  other.arrived(2);
  expect(one.takeMissing(other.begin())?.map(({ number }) => number)).toEqual([1]);
  one.journal.add(frame(1));
  const anew = new FrameNumbering();
  expect(one.meet(anew.begin())).toBe(true);
  expect(one.takeMissing(anew.begin())?.map(({ number }) => number)).toEqual([1]);
});

it('begins a new generation when what was under way is lost', () => {
  const [one, other] = [new FrameNumbering(), new FrameNumbering()];
  other.meet(one.begin());
  one.meet(other.begin());
  one.journal.add(frame(one.next()));
  other.arrived(0);
  one.restart();
  expect(one.hasSent).toBe(false);
  // The other end goes on: it has not forgotten who this is.
  expect(other.meet(one.begin())).toBe(false);
  expect(other.receivedNext).toBe(0);
});
