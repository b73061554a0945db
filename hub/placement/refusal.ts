/** What people are told where a model has no place: short, also on a large grid. */
import { formatBytes } from '@potluck/api';
import { hubText } from '@potluck/api/hub-texts';
import type { Candidate } from './candidates.ts';
import type { Choosing } from './chooseStages.ts';
import type { StageAt } from './layerRange.ts';

/** Why no stages were found. */
export interface NoStages {
  ok: false;
  /** `nodes-away`: the operator named nodes that are not here. */
  code: 'no-workers' | 'nodes-away' | 'too-many-stages' | 'not-enough-memory';
  /** What is missing, with numbers, for people. */
  message: string;
}

export type FoundStages = { ok: true; stages: readonly StageAt[] } | NoStages;

export interface Refusal extends NoStages {
  neededBytes: number;
  offeredBytes: number;
}

/** No message is longer, in characters. */
const longestRefusal = 300;
/** Part of a number of bytes that nobody sees. */
const worthTelling = 1e-3;
/** So many things are named one by one. */
const mostNamed = 4;

/** @param count stages that were asked for; undefined where any number does */
export function noRoom(
  { layers, candidates }: Pick<Choosing, 'layers' | 'candidates'>,
  count?: number,
): NoStages {
  const needed = formatBytes(layers.bytes(0, layers.count));
  if (candidates.length === 0) {
    return { ok: false, code: 'no-workers', message: hubText('nobody-joined', { needed }) };
  }
  if (count !== undefined && count > layers.count) {
    const message = hubText('too-few-layers', { layers: layers.count, parts: count });
    return { ok: false, code: 'too-many-stages', message };
  }
  const offered = offeredBytes(candidates);
  const rooms = describeOffers(candidates);
  const isEnough = offered >= layers.bytes(0, layers.count);
  const offers = isEnough
    ? hubText('no-split', {
        offers: rooms,
        room: formatBytes(leastEach(layers, candidates.length, count)),
      })
    : rooms;
  const message =
    count === undefined
      ? hubText('not-enough-memory', { needed, offers })
      : hubText('not-enough-memory-in-parts', { needed, parts: count, offers });
  return { ok: false, code: 'not-enough-memory', message };
}

/** What each of so many devices must offer at least, in bytes, to hold all layers, or so many stages, between them. */
function leastEach(layers: Choosing['layers'], devices: number, stages = devices): number {
  const atEach = Math.max(1, Math.ceil(stages / devices));
  const fits = (memoryBytes: number): boolean => {
    let start = 0;
    for (let stage = 0; stage < stages && start < layers.count; stage++) {
      let end = start;
      while (end < layers.count && layers.bytes(start, end + 1) <= memoryBytes) end++;
      start = end;
    }
    return start === layers.count;
  };
  let [tooSmall, enough] = [0, layers.bytes(0, layers.count)];
  while (enough - tooSmall > worthTelling * enough) {
    const middle = (tooSmall + enough) / 2;
    if (fits(middle)) enough = middle;
    else tooSmall = middle;
  }
  return atEach * enough;
}

/** @param unusable why others may have no stage, for people */
export function refuse(
  none: NoStages,
  { layers, candidates }: Pick<Choosing, 'layers' | 'candidates'>,
  unusable: readonly string[],
): Refusal {
  const neededBytes = layers.bytes(0, layers.count);
  const nobodyMay = none.code === 'no-workers' && unusable.length > 0;
  const message = nobodyMay ? hubText('nobody-can-run', { needed: formatBytes(neededBytes) }) : none.message;
  return {
    ...none,
    message: listed([message, ...unusable]),
    neededBytes,
    offeredBytes: offeredBytes(candidates),
  };
}

/** @returns the first of a list, as many as a short message holds, and how many more there are */
export function listed(items: readonly string[], separator = '; '): string {
  let text = '';
  for (const [index, item] of items.entries()) {
    const more = `${separator}${hubText('more', { count: items.length - index })}`;
    const longer = index === 0 ? item : `${text}${separator}${item}`;
    const isTooLong = longer.length + more.length > longestRefusal;
    if (isTooLong || (index > mostNamed && items.length - index > 1)) {
      return index === 0 ? `${item.slice(0, longestRefusal - 1)}…` : `${text}${more}`;
    }
    text = longer;
  }
  return text;
}

const offeredBytes = (candidates: readonly Candidate[]): number =>
  candidates.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);

function describeOffers(candidates: readonly Candidate[]): string {
  const rooms = candidates.map(({ memoryBytes }) => memoryBytes);
  if (rooms.length <= mostNamed)
    return hubText('offers', { rooms: rooms.map((bytes) => formatBytes(bytes)).join(' + ') });
  const all = formatBytes(offeredBytes(candidates));
  return hubText('many-offers', { count: rooms.length, all, most: formatBytes(Math.max(...rooms)) });
}
