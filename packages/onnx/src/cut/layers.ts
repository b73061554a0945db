/** Puts caches in the order of the layers they belong to, by which cache's past leads to which cache's present. */
import { UnsupportedModelError } from '../errors.ts';
import { namesOf, type GraphIndex } from '../graph/graphIndex.ts';
import type { CachePair } from './caches.ts';

/** Sets of small integers as bits, since thousands of nodes each carry one. */
export type BitSet = bigint;

/**
 * For each value, the set of sources that it descends from. `sources` gives a value's own bits.
 */
export function descents(index: GraphIndex, sources: ReadonlyMap<string, BitSet>): Map<string, BitSet> {
  const found = new Map(sources);
  for (const node of index.order) {
    let bits = 0n;
    for (const input of node.inputs) bits |= found.get(input) ?? 0n;
    if (bits === 0n) continue;
    for (const output of namesOf(node.outputs)) found.set(output, (found.get(output) ?? 0n) | bits);
  }
  return found;
}

/**
 * Groups caches by layer, first layer first. Caches that need the same earlier caches are of one layer.
 * @throws {UnsupportedModelError} if the layers don't form one chain
 */
export function orderLayers(pairs: readonly CachePair[], index: GraphIndex): CachePair[][] {
  const bit = (position: number): BitSet => 1n << BigInt(position);
  const sources = new Map(pairs.map((pair, position) => [pair.input.name, bit(position)]));
  const found = descents(index, sources);
  const reaching = pairs.map((pair) => found.get(pair.output.name) ?? 0n);
  const layers = new Map<BitSet, CachePair[]>();
  pairs.forEach((pair, position) => {
    // Needed before: what leads here without also coming from here (key and value of one layer do both).
    let before = 0n;
    reaching.forEach((_, other) => {
      const leadsHere = ((reaching[position] ?? 0n) & bit(other)) !== 0n;
      const leadsBack = ((reaching[other] ?? 0n) & bit(position)) !== 0n;
      if (other !== position && leadsHere && !leadsBack) before |= bit(other);
    });
    const layer = layers.get(before);
    if (layer) layer.push(pair);
    else layers.set(before, [pair]);
  });
  const ordered = [...layers].sort(([left], [right]) => countBits(left) - countBits(right));
  let earlier = 0n;
  for (const [before, members] of ordered) {
    if (before !== earlier) {
      const name = members[0]?.input.name ?? 'cache';
      throw new UnsupportedModelError('layers that do not follow one another', name);
    }
    for (const member of members) earlier |= bit(pairs.indexOf(member));
  }
  return ordered.map(([, members]) => members);
}

function countBits(bits: BitSet): number {
  let count = 0;
  for (let rest = bits; rest !== 0n; rest &= rest - 1n) count++;
  return count;
}
