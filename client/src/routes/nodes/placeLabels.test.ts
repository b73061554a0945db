import { expect, test } from 'vitest';
import { overlap, placeLabels, textBox } from './placeLabels.ts';

const size = { width: 300, height: 200 };

test('a text goes on to its next place where something stands at the first', () => {
  const taken = [textBox({ x: 100, y: 100 }, 'a plate')];
  const places = [
    { x: 100, y: 100 },
    { x: 100, y: 130 },
  ];
  const placed = placeLabels(
    [
      { text: '1 ms', places },
      { text: '2 ms', places },
    ],
    taken,
    size,
  );
  expect(placed).toEqual([{ x: 100, y: 130 }, undefined]);
});

test('no text leaves the picture', () => {
  expect(placeLabels([{ text: 'a long text', places: [{ x: 5, y: 100 }] }], [], size)).toEqual([undefined]);
});

test('boxes that touch do not overlap', () => {
  const box = { x: 0, y: 0, width: 10, height: 10 };
  expect(overlap(box, { ...box, x: 10 })).toBe(false);
  expect(overlap(box, { ...box, x: 9 })).toBe(true);
});
