import { describe, expect, it } from 'vitest';
import { buildStage } from '../stage/buildStage.ts';
import {
  importSubject,
  missingModels,
  oldStyle,
  randomStyle,
  sharedSubjects,
  type ImportedSubject,
} from '../stage/testing/subjects.ts';

if (missingModels) it.skip(missingModels, () => undefined);

/** What placement reckons that layers `first` to `last` weigh. */
function reckonedBytes({ imported }: ImportedSubject, first: number, last: number): number {
  const { layers, embeddingBytes, headBytes, tiedBytes, sharedWeights } = imported;
  const hasHead = last === layers.length - 1;
  const isHere = (part: number | string): boolean =>
    typeof part === 'number' ? part >= first && part <= last : part === 'head' ? hasHead : first === 0;
  const alone = layers.slice(first, last + 1).reduce((sum, layer) => sum + layer.weightBytes, 0);
  const shared = sharedWeights.reduce((sum, { parts, bytes }) => sum + (parts.some(isHere) ? bytes : 0), 0);
  const ends = (first === 0 ? embeddingBytes : 0) + (hasHead ? headBytes : 0);
  return alone + ends + (first === 0 || hasHead ? tiedBytes : 0) + shared;
}

describe.each([oldStyle, randomStyle, ...sharedSubjects])('the sizes of $name', ({ open }) => {
  it('add up to what each stage has', async () => {
    const subject = await importSubject(await open());
    const layerCount = subject.imported.layers.length;
    for (let first = 0; first < layerCount; first++) {
      for (let last = first; last < layerCount; last++) {
        const { description } = buildStage(subject.decoder, { firstLayer: first, lastLayer: last });
        // A stage adds a few integers of its own, to make the lengths of a step.
        const own = description.weightBytes - reckonedBytes(subject, first, last);
        expect(own, `layers ${first} to ${last}`).toBeGreaterThanOrEqual(0);
        expect(own, `layers ${first} to ${last}`).toBeLessThan(200);
      }
    }
  });
});

describe('what a step reads', () => {
  it('is the matrices of a layer, not an embedding, and of a tied one what the head reads', async () => {
    const { imported } = await importSubject(await randomStyle.open());
    const { layers, tiedBytes } = imported;
    expect(tiedBytes).toBeGreaterThan(200);
    for (const [layer, { weightBytes, stepBytes = 0 }] of layers.entries()) {
      const isLast = layer === layers.length - 1;
      const matrices = isLast ? weightBytes + imported.headBytes + tiedBytes : weightBytes;
      expect(stepBytes).toBeGreaterThanOrEqual(matrices);
      // And a few integers that layers share.
      expect(stepBytes).toBeLessThan(matrices + 200);
    }
  });
});
