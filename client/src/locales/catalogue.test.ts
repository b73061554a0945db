import { describe, expect, it } from 'vitest';
import { readCatalogue } from './readCatalogue.ts';

const english = readCatalogue('en');

/** What nobody should have to read. */
const bad: [string, RegExp][] = [
  ['an id', /[0-9a-f]{8}-[0-9a-f]{4}|\b[0-9a-f]{10,}\b/],
  ['an error code', /\bcode \d{3,}|\bE[A-Z]{4,}\b/],
  ['a value that is none', /\bundefined\b|\bNaN\b|\[object /],
  ['a doubled name', /(\S+): \1\b|\{(\d)\}: \{\2\}/],
  ['a doubled word', /\b(\p{L}{2,}) \1\b/u],
];

/** What is counted somewhere, in texts of one form. */
const countedNouns =
  /\{\d\} (?:\p{L}+ )?(?:nodes|devices|models|layers|parts|replicas|requests|answers|conversations|messages|tokens(?!\/s| per second)|files|downloads|threads|workers|seconds|minutes|hours|days|times(?! (?:as|too) )|characters|multiplications)\b/u;
/** There is never one of these. */
const alwaysSeveral = [
  // Limits of the app.
  'it has more than {0} messages',
  'This file has {0} conversations. {1} at most can be imported at once.',
  'Your message is too long: it has {0} characters, and {1} is the most. Send a part of it.',
  'The text that you pasted has {0} characters, and a message holds {1} at most. Nothing was pasted. Paste a part of it.',
  'Waiting: this browser is already receiving {0} answers',
  // What was not cut is no part, and one replica is none.
  'This model runs as {0} replicas, and you can choose devices by hand for one replica only. Choose below how to run the model.',
  'it needs {0} in {1} parts, {2}',
  'it has too few layers for {0} parts: {1}',
  'The model has too few layers for {0} parts: {1}.',
  '{0} parts run on one device until others with room for a part join',
  '{0} parts run on {1} devices until others with room for a part join',
  // One device, and one worker, are told in other words.
  '{0} devices offer {1} in total, {2} at most each',
  'waiting for {0} local workers to start',
  'processor, {0} threads',
  // The hub says five.
  ...[
    'The queue is full: this request would be number {0} in it. Ask again in {1} seconds.',
    'The queue is full: this request would be number {0} in it (yours before it: {1}). Ask again in {2} seconds.',
    'The queue for devices in the place of lost ones is full: this request would be number {0} in it. Ask again in {1} seconds.',
    'The queue for devices in the place of lost ones is full: this request would be number {0} in it (yours before it: {1}). Ask again in {2} seconds.',
  ],
  // Contexts, prompts, limits and what loading takes have hundreds.
  '{0} of {1} prompt tokens cached',
  '{0} tokens of context',
  '{0} parameters · {1} · {2} tokens of context · {3} · {4}',
  'conversations may have {0} of the model’s {1} tokens, since {2} has no memory for longer ones',
  "This model's maximum context length is {0} tokens. However, you requested {1}. Please reduce the length of the messages.",
  'Table {0} has {1} positions, fewer than the context of {2} tokens.',
  'the move has to load {0} first and pays off after {1} tokens',
  'nothing has to be loaded for the move, and it pays off after {0} tokens',
  "The key '{0}' has used {1} of its {2} tokens a day.",
  '{0} tokens at {1} do not fit into the {2} reserved',
  // No numbers of things.
  '{0} takes layers again.',
  'from what it did with {0} in answers',
  // A model has many of these, or none.
  'The weights of {0} multiplications are kept in 8 bits.',
  "Texts may have {0} of the model's {1} tokens: longer ones need more memory than is counted for it.",
];

describe('the texts of the app', () => {
  it('are all there', () => {
    expect(english.length).toBeGreaterThan(500);
    expect(english.map(({ text }) => text)).toContain('What shall we cook up?');
  });

  it.each(bad)('have no %s', (_name, pattern) => {
    expect(english.map(({ text }) => text).filter((text) => pattern.test(text))).toEqual([]);
  });

  it.each(['de', 'zh'])('have a translation into %s each, with the same gaps', (language) => {
    const gapsOf = (text: string): string[] => (text.match(/\{\d+\}|<\/?\d+\/?>/g) ?? []).toSorted();
    const wrong = readCatalogue(language).filter(
      ({ text, translation }) => translation === '' || gapsOf(text).join() !== gapsOf(translation).join(),
    );
    expect(wrong).toEqual([]);
  });

  it.each(['en', 'de', 'zh'])('have the number in each form for several things in %s', (language) => {
    const forms = readCatalogue(language).filter(({ isForm }) => isForm);
    expect(forms.length).toBeGreaterThan(20);
    const several = forms.filter((_, index) => index % 2 === 1);
    expect(several.filter(({ translation }) => translation.split('#').length !== 2)).toEqual([]);
  });

  it('say “1 node” wherever they say “2 nodes”', () => {
    const single = english.filter(({ text, isForm }) => !isForm && countedNouns.test(text));
    expect(single.map(({ text }) => text).filter((text) => !alwaysSeveral.includes(text))).toEqual([]);
  });
});
