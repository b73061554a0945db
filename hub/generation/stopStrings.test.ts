import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from './stopStrings.ts';

/** Runs pieces through; returns what came out and whether it stopped. */
function run(strings: string[], pieces: string[]): { text: string; stopped: boolean } {
  const stops = new StopStrings(strings);
  const text = pieces.map((piece) => stops.add(piece)).join('');
  return { text: text + (stops.stopped ? '' : stops.finish()), stopped: stops.stopped };
}

test('a stop string that comes in pieces ends the text before it', () => {
  expect(run(['\nUser:'], ['Hello', '\n', 'Us', 'er: hi'])).toEqual({ text: 'Hello', stopped: true });
});

test('what only looked like a stop string comes out', () => {
  expect(run(['END'], ['E', 'N', 'ough'])).toEqual({ text: 'ENough', stopped: false });
  expect(run(['END'], ['the EN'])).toEqual({ text: 'the EN', stopped: false });
});

test('however a text is cut into pieces, it ends before the first stop string', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.array(letters, { maxLength: 6 }), stops, (pieces, strings) => {
      const whole = pieces.join('');
      const { text, stopped } = run(strings, pieces);
      expect(whole.startsWith(text)).toBe(true);
      expect(stopped).toBe(strings.some((stop) => whole.includes(stop)));
      if (!stopped) expect(text).toBe(whole);
      else expect(strings.some((stop) => text.includes(stop))).toBe(false);
    }),
  );
});

test('what came out before a stop string is never taken back', () => {
  const stops = new StopStrings(['ab']);
  expect(stops.add('xa')).toBe('x');
  expect(stops.add('a')).toBe('a');
  expect(stops.add('b')).toBe('');
  expect(stops.stopped).toBe(true);
});

test('hidden text stops the answer, alone or together with what is seen, and never comes out', () => {
  const alone = new StopStrings(['<|end|>']);
  expect(alone.add('Hi')).toBe('Hi');
  expect(alone.add('<|end|>', true)).toBe('');
  expect(alone.stopped).toBe(true);
  const together = new StopStrings(['<|a|>\nb']);
  expect(together.add('<|a|>', true) + together.add('\nc') + together.add('<|a|>', true)).toBe('\nc');
  expect(together.add('\n') + together.add('b')).toBe('');
  expect(together.stopped).toBe(true);
  const unmatched = new StopStrings(['<|a|>x']);
  expect(unmatched.add('1<') + unmatched.add('<|a|>', true) + unmatched.finish()).toBe('1<');
});

test('a string that stops is let out where that is asked for', () => {
  const stops = new StopStrings(['END', 'NDX'], true);
  expect([stops.add('a E'), stops.add('NDX b'), stops.stopped, stops.add('c')]).toEqual([
    'a ',
    'END',
    true,
    '',
  ]);
});
