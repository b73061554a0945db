import { beforeAll, describe, expect, it } from 'vitest';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import { readModel } from '../protobuf/readModel.ts';
import { writeModel } from '../protobuf/writeModel.ts';
import type { ModelFiles } from '../source.ts';
import { generate, stageShelf } from '../stage/testing/pipeline.ts';
import { renameModel } from '../stage/testing/renameModel.ts';
import {
  importSubject,
  missingModels,
  oldStyle,
  randomStyle,
  sharedSubjects,
  type ImportedSubject,
} from '../stage/testing/subjects.ts';

if (missingModels) it.skip(missingModels, () => undefined);

describe.each([oldStyle, randomStyle, ...sharedSubjects])('the anatomy of $name', ({ open }) => {
  let plain: ImportedSubject;
  let renamed: ImportedSubject;

  beforeAll(async () => {
    const subject = await open();
    plain = await importSubject(subject);
    const model = renameModel(await readModel(subject.files, subject.graphFile), seededRandom(7));
    const graph = writeModel(model);
    const graphFile = 'renamed.onnx';
    renamed = await importSubject({
      ...subject,
      graphFile,
      files: withFile(subject.files, graphFile, graph),
    });
  });

  it('is found without a single name', () => {
    const shape = ({ decoder }: ImportedSubject) => ({
      roles: decoder.anatomy.inputs.map(({ role, type, dims }) => ({ role, type, dims })),
      caches: decoder.anatomy.caches.map(({ layer, kind, dims, capacityPadded }) => ({
        layer,
        kind,
        dims,
        capacityPadded,
      })),
      boundaries: decoder.anatomy.boundaries.map((tensors) =>
        tensors.map(({ type, dims }) => ({ type, dims })),
      ),
    });
    expect(shape(renamed)).toEqual(shape(plain));
  });

  it('counts every weight once', () => {
    const { imported } = renamed;
    const parts = imported.layers.reduce((sum, layer) => sum + layer.weightBytes, 0);
    const packed = imported.packs.reduce((sum, pack) => sum + pack.size, 0);
    expect(parts + imported.embeddingBytes + imported.headBytes + imported.tiedBytes).toBeLessThanOrEqual(
      packed * 1.05,
    );
    expect(imported.parameterCount).toBe(plain.imported.parameterCount);
  });

  it('gives stages that say the same', async () => {
    const shelves = [stageShelf(plain.decoder, plain.blobs), stageShelf(renamed.decoder, renamed.blobs)];
    const type = plain.decoder.anatomy.logits.type === 'float16' ? 'float16' : 'float32';
    const said = await Promise.all(
      shelves.map(async (shelf) => generate(await shelf.pipeline([0], 'growing'), [[1, 5, 9, 33]], 3, type)),
    );
    expect(said[1]?.logits).toEqual(said[0]?.logits);
    for (const shelf of shelves) await shelf.release();
  });
});

function withFile(files: ModelFiles, name: string, bytes: Uint8Array): ModelFiles {
  const added = memoryModelFiles({ [name]: bytes });
  return { open: (wanted) => (wanted === name ? added : files).open(wanted) };
}

/** A linear congruential generator: enough to shuffle names, the same at every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
