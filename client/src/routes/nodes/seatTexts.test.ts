import { expect, test } from 'vitest';
import { LabelSpace } from './placeLabels.ts';
import { placeSeatTexts } from './seatTexts.ts';

test('where there is little room, variants of a model are still told from each other', () => {
  const space = new LabelSpace({ width: 130, height: 300 }, []);
  const lines = ['minimind2-small: 0–7', 'minimind2-small:model_q4: 0–7'];
  const [texts] = placeSeatTexts([{ x: 65, y: 100, name: 'garage', lines }], 20, space);
  expect(texts?.lines.map(({ text }) => text)).toEqual(['mini…all: 0–7', 'minim…el_q4: 0–7']);
});
