import { randomUUID } from 'node:crypto';
import { AssignmentId } from '@potluck/protocol';
import { expect, test } from 'vitest';
import { stageToBlame } from './stageToBlame.ts';

const stages = ['first', 'second', 'third'].map((name) => ({
  name,
  assignmentId: AssignmentId.parse(randomUUID()),
}));

/** @param tokens that each stage ran; undefined where it said nothing */
function blamed(...tokens: (number | undefined)[]): string | undefined {
  const told = stages.flatMap(({ assignmentId }, index) => {
    const count = tokens[index];
    return count === undefined ? [] : [[assignmentId, { tokens: count }] as const];
  });
  return stageToBlame(stages, new Map(told))?.name;
}

test('the stage whose step is outstanding is blamed', () => {
  expect(blamed(256, 0, 0)).toBe('second');
  expect(blamed(300, 300, 299)).toBe('third');
  expect(blamed(0, 0, 0)).toBe('first');
  expect(blamed(300, 300, 300)).toBe('first');
});

test('a stage that says nothing is blamed before those that say how far they came', () => {
  expect(blamed(300, 299, undefined)).toBe('third');
  expect(blamed(undefined, undefined, 1)).toBe('first');
});
