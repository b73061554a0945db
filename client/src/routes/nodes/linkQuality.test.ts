import type { Link } from '@potluck/api';
import { expect, test } from 'vitest';
import { describeLink, linkQuality } from './linkQuality.ts';

const link = (
  state: Link['state'],
  roundTripMs: number | null,
  bytesPerSecond: number | null,
): Pick<Link, 'state' | 'roundTripMs' | 'bytesPerSecond'> => ({ state, roundTripMs, bytesPerSecond });

test('a link is as good as the worse of its round trip and its bandwidth', () => {
  expect(linkQuality(link('direct', 0.5, 60e6))).toBe('good');
  expect(linkQuality(link('relayed', 12, 20e6))).toBe('good');
  expect(linkQuality(link('direct', 45, 60e6))).toBe('fair');
  expect(linkQuality(link('direct', 2, 1.2e6))).toBe('fair');
  expect(linkQuality(link('relayed', 200, 60e6))).toBe('poor');
  expect(linkQuality(link('direct', 2, 100e3))).toBe('poor');
  expect(linkQuality(link('direct', 2, null))).toBe('good');
});

test('what is not there, or not measured, has no quality', () => {
  expect(linkQuality(link('direct', null, null))).toBe('unknown');
  expect(linkQuality(link('lost', 2, 60e6))).toBe('unknown');
});

test('it is said in words', () => {
  expect(describeLink(link('direct', 0.5, 62e6))).toBe('direct, 0.5 ms, 62 MB/s, a good link');
  expect(describeLink(link('relayed', 200, null))).toBe('through the hub, 200 ms, a poor link');
  expect(describeLink(link('connecting', null, null))).toBe('connecting, not measured');
});
