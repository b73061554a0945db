import { expect, it } from 'vitest';
import { layOutAlone, layOutSlots } from './slotLayout.ts';

it('a prompt by itself has its own attention, and rows filled up for everything else', () => {
  expect(layOutAlone({ position: 3, length: 5, logitRows: 1 }, 4)).toEqual({
    ...{ slots: 1, length: 5, rows: 8, members: [{ firstRow: 0 }], lastPlaces: [7], total: 8 },
    ...{ attended: [0, 1, 2, 3, 4], order: [0, 1, 2, 3, 4, 4, 4, 4], logitRows: [4, 4, 4, 4] },
  });
});

it('a step by itself attends once', () => {
  const layout = layOutAlone({ position: 9, length: 1, logitRows: 0 }, 4);
  expect(layout).toMatchObject({ rows: 4, attended: [0], order: [0, 0, 0, 0], logitRows: [] });
});

it('members find their slots, and slots that none of them has get a row behind what is there', () => {
  const members = [
    { slot: 2, logitRows: 1 },
    { slot: 0, logitRows: 0 },
    { slot: 3, logitRows: 1 },
  ];
  expect(layOutSlots(members, [7, 12, 5, 9], 4)).toEqual({
    ...{ slots: 4, length: 1, rows: 4, members: [{ firstRow: 0 }, { firstRow: 1 }, { firstRow: 2 }] },
    ...{ attended: [1, 0, 0, 2], lastPlaces: [7, 12, 5, 9], total: 13 },
    ...{ order: [2, 0, 3, 3], logitRows: [0, 2, 2, 2] },
  });
});
