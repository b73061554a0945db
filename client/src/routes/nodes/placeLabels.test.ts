import { expect, test } from 'vitest';
import { LabelSpace, overlap, textBox } from './placeLabels.ts';

const size = { width: 300, height: 200 };

test('a text goes on to its next place where something stands at the first', () => {
  const space = new LabelSpace(size, [textBox({ x: 100, y: 100 }, 'a plate')]);
  const places = [
    { x: 100, y: 100 },
    { x: 100, y: 130 },
  ];
  expect(space.place({ texts: ['1 ms'], places })).toEqual({ x: 100, y: 130, text: '1 ms' });
  expect(space.place({ texts: ['2 ms'], places })).toBeUndefined();
});

test('a text becomes shorter before it is left out, and none leaves the picture', () => {
  const space = new LabelSpace(size, []);
  const places = [{ x: 20, y: 100 }];
  expect(space.place({ texts: ['a long text', 'a l…'], places })?.text).toBe('a l…');
  expect(space.place({ texts: ['a long text'], places: [{ x: 5, y: 50 }] })).toBeUndefined();
});

test('boxes that touch do not overlap', () => {
  const box = { x: 0, y: 0, width: 10, height: 10 };
  expect(overlap(box, { ...box, x: 10 })).toBe(false);
  expect(overlap(box, { ...box, x: 9 })).toBe(true);
});

test('Chinese signs are as wide as they are high', () => {
  expect(textBox({ x: 0, y: 0 }, '第三层').width).toBeGreaterThan(36);
});

test('capitals and broad letters are wider than others', () => {
  const widthOf = (text: string): number => textBox({ x: 0, y: 0 }, text, 13).width;
  expect(widthOf('HARROD')).toBeGreaterThan(widthOf('harrod') + 9);
  expect(widthOf('mmm')).toBeGreaterThan(widthOf('nnn') + 9);
});
