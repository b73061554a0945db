import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { memoryModelFiles } from '../files/memoryModelFiles.ts';
import { readModel } from '../protobuf/readModel.ts';
import { importSubject, randomStyle } from './testing/subjects.ts';
import { generate, stageShelf } from './testing/pipeline.ts';
import { wholeModel } from './wholeModel.ts';

describe('the whole model as one file', () => {
  it('has the inputs and outputs of the source, runs, and needs no other file', async () => {
    const subject = await randomStyle.open();
    const { decoder, blobs } = await importSubject(subject);
    const file = await wholeModel(decoder, async (pack) => blobs.get(pack));
    const [source, whole] = await Promise.all([
      readModel(subject.files, subject.graphFile),
      readModel(memoryModelFiles({ 'whole.onnx': file }), 'whole.onnx'),
    ]);
    const names = (values: readonly { name: string }[]): string[] => values.map(({ name }) => name).sort();
    expect(names(whole.graph.inputs)).toEqual(names(source.graph.inputs));
    expect(names(whole.graph.outputs)).toEqual(names(source.graph.outputs));
    const session = await InferenceSession.create(file);
    expect(session.outputNames).toContain(decoder.anatomy.logits.name);
    await session.release();
  });

  it('says what the stages say', async () => {
    const subject = await randomStyle.open();
    const first = await importSubject(subject);
    const file = await wholeModel(first.decoder, async (pack) => first.blobs.get(pack));
    const again = await importSubject({
      ...subject,
      graphFile: 'whole.onnx',
      files: memoryModelFiles({ 'whole.onnx': file }),
    });
    const said = [first, again].map(async ({ decoder, blobs }) => {
      const shelf = stageShelf(decoder, blobs);
      const result = await generate(await shelf.pipeline([0, 2], 'newRows'), [[1, 2, 3]], 4, 'float32');
      await shelf.release();
      return result.logits;
    });
    expect(await said[1]).toEqual(await said[0]);
  });
});
