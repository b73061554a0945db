import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportedDecoder } from '../package/importDecoder.ts';
import type { PackedDecoder } from '../package/packedDecoder.ts';
import { buildStage } from './buildStage.ts';
import { generate, stageShelf } from './testing/pipeline.ts';
import {
  importSubject,
  missingModels,
  oldStyle,
  randomStyle,
  sharedSubjects,
  type Subject,
} from './testing/subjects.ts';

/** A chat turn that fits every vocabulary here. */
const prompt = [1, 85, 236, 201, 59, 192, 189, 160, 36, 186, 101, 2, 201, 1, 120, 175, 201];

/** Greedy steps after the prompt. */
const decodeSteps = 5;

if (missingModels) it.skip(missingModels, () => undefined);

describe.each([oldStyle, randomStyle, ...sharedSubjects])('stages of $name', ({ open }) => {
  let subject: Subject;
  let imported: ImportedDecoder;
  let decoder: PackedDecoder;
  let shelf: ReturnType<typeof stageShelf>;
  let type: 'float32' | 'float16';

  beforeAll(async () => {
    subject = await open();
    const packed = await importSubject(subject);
    ({ imported, decoder } = packed);
    shelf = stageShelf(decoder, packed.blobs);
    type = decoder.anatomy.logits.type === 'float16' ? 'float16' : 'float32';
  });
  afterAll(() => shelf?.release());

  it('pass one or two tensors on at every boundary', () => {
    for (const layer of imported.layers.slice(1)) {
      expect([1, 2]).toContain(layer.boundary.length);
      for (const tensor of layer.boundary) expect(tensor.dims.slice(0, 2)).toEqual([1, 'step']);
    }
  });

  it('are built in milliseconds', () => {
    const ranges = imported.layers.map((_, layer) => ({ firstLayer: layer, lastLayer: layer }));
    // Of this process alone: machines do other things at the same time.
    const start = process.cpuUsage();
    for (const range of ranges) buildStage(decoder, range);
    const { user } = process.cpuUsage(start);
    expect(user / 1000 / ranges.length).toBeLessThan(100);
  });

  it('need no pack of another layer, but for tables and for what embedding and head share', () => {
    const needed = [...imported.layers.keys()].map((layer) => {
      const { description } = buildStage(decoder, { firstLayer: layer, lastLayer: layer });
      return description.packs;
    });
    const common = imported.packs.filter(
      (pack) => needed.filter((packs) => packs.some(({ sha256 }) => sha256 === pack.sha256)).length > 1,
    );
    const bytes = (packs: readonly { size: number }[]): number =>
      packs.reduce((sum, { size }) => sum + size, 0);
    const alone = imported.layers.reduce((sum, layer) => sum + layer.weightBytes, 0);
    // Tensors of up to a kilobyte are in the graph, not in packs.
    const inline = [...decoder.model.graph.initializers.values()].reduce(
      (sum, { data }) => sum + (data.kind === 'inline' ? data.bytes.length : 0),
      0,
    );
    expect(bytes(common) + alone).toBeLessThanOrEqual(bytes(imported.packs) + inline);
  });

  it.each([
    ['in one prefill', [prompt]],
    ['in chunks', [prompt.slice(0, 6), prompt.slice(6, 8), prompt.slice(8)]],
  ])('give the logits of the whole model bit by bit at every cut, %s and in decode', async (_, chunks) => {
    const whole = await generate(await shelf.pipeline([], 'growing'), chunks, decodeSteps, type);
    const cuts = [...imported.layers.keys()].slice(0, -1);
    for (const cut of cuts) {
      const halves = await generate(await shelf.pipeline([cut], 'growing'), chunks, decodeSteps, type);
      expect(halves.logits, `cut after layer ${cut}`).toEqual(whole.logits);
    }
    const oneByOne = await generate(await shelf.pipeline(cuts, 'growing'), chunks, decodeSteps, type);
    expect(oneByOne.logits, 'one layer a stage').toEqual(whole.logits);
    const newRows = await generate(await shelf.pipeline(cuts, 'newRows'), chunks, decodeSteps, type);
    expect(newRows.logits, 'one layer a stage, new rows only').toEqual(whole.logits);
  });

  it('say what the whole model is expected to say', async () => {
    for (const { prompt_ids, greedy_ids } of subject.answers) {
      for (const style of ['growing', 'newRows'] as const) {
        const said = await generate(await shelf.pipeline([1], style), [prompt_ids], greedy_ids.length, type);
        expect(said.tokens).toEqual(greedy_ids);
      }
    }
  });
});
