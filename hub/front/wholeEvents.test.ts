import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WholeEvents } from './wholeEvents.ts';

const textOf = (bytes: string): string => Buffer.from(bytes, 'latin1').toString();

const events = [
  'event: a\nid: 4\ndata: {"text":"id: 9\\n"}\n\n',
  ': ping\n\n',
  'id: 5\ndata: ä€😀\n\n',
  'id: 6\ndata: [DONE]\n\n',
];

test('events reach the client whole, with or without their numbers, however they were cut on their way', () => {
  const bytes = Buffer.from(events.join(''));
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), fc.boolean(), (cuts, showsNumbers) => {
      const whole = new WholeEvents({ format: 'events', read: [3], showsNumbers });
      const places = [0, ...cuts.sort((one, other) => one - other), bytes.length];
      let got = '';
      for (const [index, from] of places.slice(0, -1).entries()) {
        const piece = whole.take(bytes.subarray(from, places[index + 1]));
        expect(piece === '' || piece.endsWith('\n\n')).toBe(true);
        got += piece;
      }
      const all = events.join('');
      expect(textOf(got)).toBe(showsNumbers ? all : all.replaceAll(/^id: \d+\n/gm, ''));
      expect(whole.read).toEqual([6]);
    }),
  );
});

test('an event that was cut off is not counted, and comes again', () => {
  const whole = new WholeEvents({ format: 'events', read: [0], showsNumbers: true });
  expect(whole.take(Buffer.from('id: 1\ndata: a\n\nid: 2\nda'))).toBe('id: 1\ndata: a\n\n');
  expect(whole.read).toEqual([1]);
  whole.forget();
  expect(whole.take(Buffer.from('id: 2\ndata: b\n\n'))).toBe('id: 2\ndata: b\n\n');
});

test('lines are counted as they are', () => {
  const whole = new WholeEvents({ format: 'lines', read: [0], showsNumbers: false });
  expect(whole.take(Buffer.from('{"a":1}\n{"a"'))).toBe('{"a":1}\n');
  expect(whole.take(Buffer.from(':2}\n'))).toBe('{"a":2}\n');
  expect(whole.read).toEqual([2]);
});

test('events of several answers are counted by answer', () => {
  const whole = new WholeEvents({ format: 'events', read: [0], showsNumbers: false });
  const got = whole.take(Buffer.from('id: 1.0\ndata: a\n\nid: 1.1\ndata: b\n\ndata: error\n\n'));
  expect(got).toBe('data: a\n\ndata: b\n\ndata: error\n\n');
  expect(whole.read).toEqual([1, 1]);
});
