import fc from 'fast-check';
import { expect, test } from 'vitest';
import { believable, planResume, type KeptTokens } from './planResume.ts';

const whole = (length: number): KeptTokens => ({ length, retainedFrom: 0, canCut: true });
const none: KeptTokens = { length: 0, retainedFrom: 0, canCut: true };
const at = { total: 100, lastStep: 99 };

test('only a stage that was lost computes again, from what the stage before it retained', () => {
  expect(planResume([whole(100), none, whole(99)], at)).toEqual([
    { length: 100, sendFrom: 0 },
    { length: 0, sendFrom: 99 },
    { length: 99, sendFrom: 100 },
  ]);
});

test('the first stage computes again from tokens, and sends only what the next one lacks', () => {
  expect(planResume([none, whole(99)], at)).toEqual([
    { length: 0, sendFrom: 99 },
    { length: 99, sendFrom: 100 },
  ]);
});

test('a stage that retained too little computes again from where the next one needs it', () => {
  const [first] = planResume([{ length: 100, retainedFrom: 40, canCut: true }, whole(30)], at);
  expect(first).toEqual({ length: 30, sendFrom: 30 });
});

test('a state that can not be cut back is computed again as a whole', () => {
  const state = { length: 100, retainedFrom: 100, canCut: false };
  expect(planResume([state, whole(99)], at)[0]).toEqual({ length: 0, sendFrom: 99 });
  expect(planResume([whole(100), { ...state, length: 99 }], at)[1]).toEqual({ length: 99, sendFrom: 100 });
  expect(planResume([whole(100), state], at)[1]).toEqual({ length: 0, sendFrom: 100 });
});

/** What each stage computes, sends and gets, as the workers do it; true where the last one gets to sample. */
function play(stages: readonly KeptTokens[], total: number, lastStep: number): void {
  const resumed = planResume(stages, { total, lastStep });
  let from = resumed[0]?.length ?? 0;
  for (const [index, { length, sendFrom }] of resumed.entries()) {
    const kept = stages[index] as KeptTokens;
    expect(length).toBeLessThanOrEqual(kept.length);
    if (!kept.canCut) expect([0, kept.length]).toContain(length);
    // What it gets begins where its cache ends.
    expect(from).toBe(length);
    if (sendFrom < length) expect(kept.retainedFrom).toBeLessThanOrEqual(sendFrom);
    from = sendFrom;
  }
  const last = resumed.at(-1);
  expect(last?.length).toBeLessThanOrEqual(lastStep);
}

test('whatever the stages kept, each gets what its cache lacks and the last one samples', () => {
  const kept = fc
    .record({ length: fc.nat(20), retained: fc.nat(20), canCut: fc.boolean() })
    .map(({ length, retained, canCut }) => ({
      length,
      canCut,
      retainedFrom: Math.max(0, length - retained),
    }));
  fc.assert(fc.property(fc.array(kept, { minLength: 1, maxLength: 5 }), (stages) => play(stages, 20, 19)));
});

test('a stage that says it ends inside a step has nothing, and what it says to have retained there counts not', () => {
  const said = (length: number, retainedFrom: number): KeptTokens => ({ length, retainedFrom, canCut: true });
  const steps = [4, 4, 1, 1];
  expect(believable([said(9, 4), said(3, 0), said(9, 2), said(11, 0), said(4, 9)], steps)).toEqual([
    said(9, 4),
    said(0, 0),
    said(9, 9),
    said(10, 0),
    said(4, 4),
  ]);
});
