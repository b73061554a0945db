/** What the parts of a decoder weigh, and what they share. */
import type { SharedWeights } from '@potluck/protocol';
import type { DecoderPart } from './weightParts.ts';

export interface PartWeights {
  /** Bytes that this part alone needs. */
  ofPart: (part: DecoderPart) => number;
  /** Bytes that embedding and head, and no layer, need. */
  tiedBytes: number;
  /** All others that several parts need. */
  shared: SharedWeights[];
}

/**
 * @param parts for each weight the parts that need it, front to back
 * @param sizes bytes of each weight
 */
export function weighParts(
  parts: ReadonlyMap<string, readonly DecoderPart[]>,
  sizes: ReadonlyMap<string, number>,
): PartWeights {
  const groups = new Map<string, { parts: readonly DecoderPart[]; bytes: number }>();
  for (const [name, needing] of parts) {
    const key = needing.join(' ');
    const before = groups.get(key)?.bytes ?? 0;
    groups.set(key, { parts: needing, bytes: before + (sizes.get(name) ?? 0) });
  }
  const bytesOf = (...needing: DecoderPart[]): number => groups.get(needing.join(' '))?.bytes ?? 0;
  const tied = ['embedding', 'head'].join(' ');
  return {
    ofPart: (part) => bytesOf(part),
    tiedBytes: bytesOf('embedding', 'head'),
    shared: [...groups]
      .filter(([key, group]) => group.parts.length > 1 && key !== tied)
      .map(([, group]) => ({ parts: [...group.parts], bytes: group.bytes })),
  };
}
