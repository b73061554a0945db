import { expect, test } from 'vitest';
import { dishColor, dishesOf, seatNodes } from './dishColor.ts';

const nodes = Array.from({ length: 8 }, (_, index) => ({ id: `node-${index}`, joinedAt: 100 - index }));

test('nodes have the same colours whichever was told first, and no two the same while there are enough', () => {
  const dishes = dishesOf(nodes);
  expect(dishesOf(nodes.toReversed())).toEqual(dishes);
  expect(new Set(dishes.values()).size).toBe(8);
  // Who comes later changes nobody's colour.
  expect(dishesOf([{ id: 'late', joinedAt: 200 }, ...nodes])).toEqual(
    new Map([...dishes, ['late', expect.any(Number)]]),
  );
});

test('a colour does not depend on who was seen before', () => {
  const shown = (): string[] => nodes.map(({ id }) => dishColor(id));
  seatNodes(nodes);
  const before = shown();
  seatNodes([]);
  dishColor('somebody else');
  seatNodes(nodes.toReversed());
  expect(shown()).toEqual(before);
  seatNodes([]);
});
