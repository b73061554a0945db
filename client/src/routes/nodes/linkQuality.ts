/** How good a link is for passing activations, in a word and in a sentence. */
import type { Link } from '@potluck/api';
import { formatBytes } from '#lib/format/formatBytes.ts';
import { formatDuration } from '#lib/format/formatDuration.ts';
import { linkStateNames } from '#lib/format/stateNames.ts';
import { comma } from '#lib/language/marks.ts';

/** `unknown` until something was measured. */
export type LinkQuality = 'good' | 'fair' | 'poor' | 'unknown';

/**
 * At most so long a round trip, and at least so much bandwidth: a token crosses a good link in some milliseconds, and a prompt
 * of a thousand tokens in about a second.
 */
const bounds = [
  { quality: 'good', roundTripMs: 20, bytesPerSecond: 5e6 },
  { quality: 'fair', roundTripMs: 80, bytesPerSecond: 1e6 },
] as const;

const qualityNames = { good: 'a good link', fair: 'a fair link', poor: 'a poor link' } as const;

type Measured = Pick<Link, 'state' | 'roundTripMs' | 'bytesPerSecond'>;

export function linkQuality({ state, roundTripMs, bytesPerSecond }: Measured): LinkQuality {
  if (state !== 'direct' && state !== 'relayed') return 'unknown';
  if (roundTripMs === null && bytesPerSecond === null) return 'unknown';
  const fits = bounds.find(
    (bound) =>
      (roundTripMs ?? 0) <= bound.roundTripMs && (bytesPerSecond ?? Infinity) >= bound.bytesPerSecond,
  );
  return fits?.quality ?? 'poor';
}

/** What was measured, round trip first: `0.5 ms` and `62 MB/s`. */
export function describeMeasured({ roundTripMs, bytesPerSecond }: Measured): string[] {
  return [
    roundTripMs === null ? undefined : formatDuration(roundTripMs),
    bytesPerSecond === null ? undefined : `${formatBytes(bytesPerSecond)}/s`,
  ].filter((text) => text !== undefined);
}

/** For people who do not see the picture: `direct, 0.5 ms, 62 MB/s, a good link`. */
export function describeLink(link: Measured): string {
  const way = link.state === 'relayed' ? 'through the hub' : linkStateNames[link.state];
  const quality = linkQuality(link);
  return [
    way,
    ...describeMeasured(link),
    quality === 'unknown' ? 'not measured' : qualityNames[quality],
  ].join(comma);
}
