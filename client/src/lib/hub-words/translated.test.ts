import { hubText, hubTexts, type HubTextCode } from '@potluck/api/hub-texts';
import { expect, test } from 'vitest';
import { readCatalogue } from '../../locales/readCatalogue.ts';
import { translated } from './translated.ts';
import { hubWords } from './hubWords.ts';

const codes = Object.keys(hubTexts) as HubTextCode[];

test('the app has the words of the hub for each of its texts, and they are translated', () => {
  const collected = new Set(readCatalogue('en').map(({ text }) => text));
  for (const code of codes) {
    const names = [...hubTexts[code].matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const values = Object.fromEntries(names.map((name, index) => [name, `{${index}}`])) as never;
    expect((hubWords[code] as (values: never) => string)(values)).toBe(hubText(code, values));
    expect(collected, code).toContain(hubText(code, values));
  }
});

test.each([
  "soup isn't running yet: it needs 1.2 GB, devices offer 300 MB + 0.4 GB; my laptop is paused; and 3 more.",
  'garage disconnected, so the answer stopped here. No other device could continue within 30 s: the hub is starting.',
  'a (layers 0 to 3) is downloading 40 %; b (layers 4 to 7) is preparing: ORT said so',
  'a (layer 3) is connecting; layers 4 to 5 to b; the other stages stay where they are',
  'left out, since they would slow it down: a (12 times as slow), b (3 times as slow: its tab is hidden)',
  'host (its own address), relay (a TURN server); no srflx, so it is in the hub’s network, or UDP to the hub’s STUN port is blocked',
  'nothing that the hub knows; it left',
])('“%s” comes out whole', (text) => {
  expect(translated(text)).toBe(text);
});
