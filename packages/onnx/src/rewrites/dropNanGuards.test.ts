import { expect, test } from 'vitest';
import { readModel } from '../protobuf/readModel.ts';
import { CpuDecoder } from '../testing/cpuDecoder.ts';
import { minimindFiles, minimindGraph } from '../testing/minimind.ts';
import { tensorReader } from '../testing/tensorReader.ts';
import { dropNanGuards } from './dropNanGuards.ts';
import { removeUnused } from '../graph/simplifyGraph.ts';

test('attention without its guards gives the same bits', async () => {
  const files = minimindFiles();
  const readTensor = tensorReader(files);
  const before = await CpuDecoder.create(await readModel(files, minimindGraph), readTensor);
  const model = await readModel(files, minimindGraph);

  expect(dropNanGuards(model)).toEqual(['Dropped 8 guards against fully masked rows, which do not occur.']);
  removeUnused(model.graph);

  expect(model.graph.nodes.some((node) => node.opType === 'IsNaN')).toBe(false);
  const after = await CpuDecoder.create(model, readTensor);
  for (const tokens of [[1, 320, 275, 201, 3526], [370], [276]]) {
    expect(await after.step(tokens)).toEqual(await before.step(tokens));
  }
  await Promise.all([before.release(), after.release()]);
});

test('a replacement by anything but zero stays', async () => {
  const model = await readModel(minimindFiles(), minimindGraph);
  for (const node of model.graph.nodes) {
    if (node.opType === 'Where' && node.inputs[0]?.includes('IsNaN')) node.inputs[1] = 'model.norm.weight';
  }
  expect(dropNanGuards(model)).toEqual([]);
});
