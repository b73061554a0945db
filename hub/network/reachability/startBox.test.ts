import { expect, test } from 'vitest';
import { startBox } from './startBox.ts';

const rows = [
  ['Open', 'http://localhost:8000'],
  ['API key', 'secret'],
] as const;

test('rows stand in a frame, one below the other', () => {
  expect(startBox({ title: 'Potluck', rows })).toBe(
    [
      '╭─ Potluck ──────────────────────╮',
      '│ Open     http://localhost:8000 │',
      '│ API key  secret                │',
      '╰────────────────────────────────╯',
      '',
    ].join('\n'),
  );
});

test('a narrow terminal gets whole lines without the frame', () => {
  expect(startBox({ title: 'Potluck', rows, columns: 33 })).toBe(
    ['Potluck', 'Open     http://localhost:8000', 'API key  secret', ''].join('\n'),
  );
});
